#include "mien/scoring/compute_scores.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <numeric>

#include "mien/core/error.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"
#include "mien/head/head.h"

namespace mien {
namespace {

constexpr std::int64_t kBatch = 4096;

/// Embeddings of one video from all banks, side by side, for the frames that all have.
struct VideoInput {
  std::vector<std::int32_t> frames;
  at::Tensor embeddings;  ///< fp16 [n, D]
  bool film = true;
};

std::vector<std::int32_t> shared_frames(const std::vector<VideoEmbeddings>& parts) {
  std::vector<std::int32_t> frames(parts[0].frames().begin(), parts[0].frames().end());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::vector<std::int32_t> both;
    std::set_intersection(frames.begin(), frames.end(), parts[i].frames().begin(),
                          parts[i].frames().end(), std::back_inserter(both));
    frames = std::move(both);
  }
  return frames;
}

at::Tensor rows_at(const VideoEmbeddings& part, const std::vector<std::int32_t>& frames,
                   std::int64_t dim) {
  const auto have = part.frames();
  const at::Tensor all = at::from_blob(const_cast<std::uint16_t*>(part.embeddings().data()),
                                       {static_cast<std::int64_t>(have.size()), dim}, at::kHalf);
  if (have.size() == frames.size()) return all.clone();
  std::vector<std::int64_t> rows;
  for (std::size_t row = 0, next = 0; next < frames.size(); ++row) {
    if (have[row] != frames[next]) continue;
    rows.push_back(static_cast<std::int64_t>(row));
    ++next;
  }
  return all.index_select(
      0, at::from_blob(rows.data(), {static_cast<std::int64_t>(rows.size())}, at::kLong));
}

VideoInput load_input(const std::vector<Bank>& banks, const std::string& video) {
  std::vector<VideoEmbeddings> parts;
  for (const Bank& bank : banks) {
    parts.push_back(bank.open(video));
    parts.back().require_finite();
  }
  VideoInput input{.frames = shared_frames(parts)};
  input.film = std::ranges::all_of(parts, &VideoEmbeddings::is_film);
  std::vector<at::Tensor> columns;
  for (std::size_t i = 0; i < banks.size(); ++i) {
    columns.push_back(rows_at(parts[i], input.frames, banks[i].info().encoder.embedding_dim));
  }
  input.embeddings = at::cat(columns, 1);
  return input;
}

void append_logits(const Head& head, const at::Tensor& embeddings, const at::Device& device,
                   std::vector<VideoScores*>& outputs) {
  for (std::int64_t begin = 0; begin < embeddings.size(0); begin += kBatch) {
    const std::int64_t count = std::min(kBatch, embeddings.size(0) - begin);
    const at::Tensor x = embeddings.narrow(0, begin, count).to(device, at::kFloat);
    const auto logits = head.forward(x);
    for (std::size_t t = 0; t < logits.size(); ++t) {
      const at::Tensor host = logits[t].to(at::kCPU).contiguous();
      const auto* values = host.const_data_ptr<float>();
      outputs[t]->values.insert(outputs[t]->values.end(), values, values + host.numel());
    }
  }
}

}  // namespace

std::vector<Bank> open_banks(const std::vector<std::string>& folders, const HeadMetadata& head,
                             BankUse use) {
  if (folders.size() != head.inputs.size()) {
    throw InputError(
        "--bank", concat(folders.size(), " banks"),
        concat("expected ", head.inputs.size(), ", in the order of training: ", [&head] {
          std::vector<std::string> names;
          for (const auto& input : head.inputs) names.push_back(input.encoder_name);
          return join(names);
        }()));
  }
  std::vector<Bank> banks;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Bank& bank = banks.emplace_back(open_bank(folders[i]));
    if (use == BankUse::kAnswers) require_clean(bank, "--bank");
    const EncoderInfo& encoder = bank.info().encoder;
    if (encoder.file_sha256 != head.inputs[i].encoder_sha256 ||
        encoder.embedding_dim != head.inputs[i].dim) {
      throw InputError("--bank", folders[i],
                       "was made by " + encoder.name + " (" + encoder.file_sha256.substr(0, 12) +
                           "), expected the encoder of the training, " +
                           head.inputs[i].encoder_name + " (" +
                           head.inputs[i].encoder_sha256.substr(0, 12) + ")");
    }
  }
  return banks;
}

LogitsByTask compute_logits(const std::filesystem::path& weights, const HeadMetadata& metadata,
                            const std::vector<Bank>& banks, const std::vector<std::string>& videos,
                            const std::string& device) {
  return compute_logits(*load_head(weights, metadata, device), banks, videos, device);
}

LogitsByTask compute_logits(const Head& head, const std::vector<Bank>& banks,
                            const std::vector<std::string>& videos, const std::string& device) {
  const std::vector<Task>& tasks = head.shape().tasks;
  std::vector<std::string> names = videos;
  std::sort(names.begin(), names.end());
  std::vector<TaskScores> scores;
  for (const Task& task : tasks) scores.push_back({task, {}});
  for (const std::string& video : names) {
    throw_if_interrupted("scores are kept only when they are complete");
    const bool everywhere =
        std::all_of(banks.begin(), banks.end(), [&](const Bank& bank) { return bank.has(video); });
    if (!everywhere) continue;
    const VideoInput input = load_input(banks, video);
    if (input.frames.empty()) continue;
    std::vector<VideoScores*> outputs;
    for (TaskScores& task : scores) {
      outputs.push_back(
          &task.videos.emplace_back(VideoScores{video, input.frames, {}, input.film}));
    }
    append_logits(head, input.embeddings, at::Device(device), outputs);
  }
  LogitsByTask by_task;
  for (TaskScores& task : scores) by_task[task.task] = std::move(task);
  return by_task;
}

Priors priors_of(const HeadMetadata& head) {
  Priors priors;
  for (const auto& [task, numbers] : head.statistics) {
    const double total = std::max(1., std::accumulate(numbers.begin(), numbers.end(), 0.));
    Prior& prior = priors[task];
    for (const double number : numbers) {
      prior.push_back(static_cast<float>(task.is_classes() ? number / total : number));
    }
  }
  return priors;
}

}  // namespace mien
