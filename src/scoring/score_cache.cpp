// RUN/evaluation/scores-<digest>.safetensors: logits of all videos after each other, F32 [N, C] a
// task, frames I32 [N], and in the metadata which rows are whose.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/safetensors.h"
#include "mien/core/text.h"
#include "mien/scoring/compute_scores.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
constexpr const char* kLayoutKey = "videos";

std::string cache_key(const fs::path& weights, const std::vector<Bank>& banks,
                      std::vector<std::string> videos) {
  std::sort(videos.begin(), videos.end());
  Sha256 digest;
  digest.update(sha256_of_file(weights));
  for (const Bank& bank : banks) digest.update(bank.state_digest());
  for (const std::string& video : videos) digest.update("\n" + video);
  return digest.hex();
}

void write_cache(const fs::path& file, const LogitsByTask& logits) {
  json layout = json::array();
  std::vector<std::int32_t> frames;
  for (const VideoScores& video : logits.begin()->second.videos) {
    layout.push_back({video.video, video.frames.size()});
    frames.insert(frames.end(), video.frames.begin(), video.frames.end());
  }
  const auto rows = static_cast<std::int64_t>(frames.size());
  TensorMap tensors;
  tensors["frames"] = view_of(DType::kI32, {rows}, frames);
  std::vector<std::vector<float>> keep;
  keep.reserve(logits.size());
  for (const auto& [task, scores] : logits) {
    std::vector<float>& values = keep.emplace_back();
    for (const VideoScores& video : scores.videos) {
      values.insert(values.end(), video.values.begin(), video.values.end());
    }
    tensors[task_name(task)] =
        view_of(DType::kF32, {rows, static_cast<std::int64_t>(score_columns(task))}, values);
  }
  write_safetensors(file, tensors, {{kLayoutKey, json_text(layout)}});
}

LogitsByTask read_cache(const fs::path& file, const std::vector<Task>& tasks) {
  const SafetensorsFile saved(file);
  const auto frames = saved.tensor("frames", DType::kI32, 1).as<std::int32_t>();
  const json layout = json::parse(saved.metadata_value(kLayoutKey));
  LogitsByTask logits;
  for (const Task task : tasks) {
    const std::size_t columns = score_columns(task);
    const auto values = saved.tensor(task_name(task), DType::kF32, 2).as<float>();
    if (values.size() != frames.size() * columns) {
      throw InputError("scores", file.string(), "has the wrong number of values");
    }
    TaskScores& scores = logits[task];
    scores.task = task;
    std::size_t at = 0;
    for (const json& entry : layout) {
      const auto count = entry.at(1).get<std::size_t>();
      if (count > frames.size() - at) {
        throw InputError("scores", file.string(), "has fewer rows than its layout says");
      }
      const auto of_video = frames.subspan(at, count);
      const auto rows = values.subspan(at * columns, count * columns);
      scores.videos.push_back({entry.at(0).get<std::string>(),
                               {of_video.begin(), of_video.end()},
                               {rows.begin(), rows.end()}});
      at += count;
    }
  }
  return logits;
}

/// A damaged cache is no reason to stop: it is computed anew.
std::optional<LogitsByTask> try_cache(const fs::path& file, const std::vector<Task>& tasks) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  try {
    return read_cache(file, tasks);
  } catch (const std::exception& problem) {
    log::warn("ignoring damaged scores: " + std::string(problem.what()));
    return std::nullopt;
  }
}

}  // namespace

LogitsByTask cached_logits(const fs::path& run, const fs::path& weights, const HeadMetadata& head,
                           const std::vector<Bank>& banks, const std::vector<std::string>& videos,
                           const std::string& device) {
  const fs::path folder = run / "evaluation";
  const std::string key = cache_key(weights, banks, videos);
  const fs::path file = folder / ("scores-" + key.substr(0, 16) + ".safetensors");
  if (auto cached = try_cache(file, head.shape.tasks)) return *std::move(cached);
  LogitsByTask logits = compute_logits(weights, head, banks, videos, device);
  try {
    make_folder(folder, "RUN");
    write_cache(file, logits);
  } catch (const InputError& problem) {  // a run on a read-only disk is still evaluated
    log::warn(std::string("scores are not kept: ") + problem.what());
  }
  return logits;
}

}  // namespace mien
