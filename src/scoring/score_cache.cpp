// RUN/evaluation/scores-<digest>.safetensors: logits of all videos after each other, F32 [N, C] a
// task, frames I32 [N], and in the metadata which rows are whose.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

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

std::string tensor_name(const Task& task) {
  return task.name() == "frames" ? "task.frames" : task.name();
}

void write_cache(const fs::path& file, const LogitsByTask& logits) {
  json layout = json::array();
  std::vector<std::int32_t> frames;
  for (const VideoScores& video : logits.begin()->second.videos) {
    json& entry = layout.emplace_back(json{video.video, video.frames.size()});
    if (!video.film) entry.push_back("images");
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
    tensors[tensor_name(task)] =
        view_of(DType::kF32, {rows, static_cast<std::int64_t>(score_columns(task))}, values);
  }
  write_safetensors(file, tensors, {{kLayoutKey, json_text(layout)}});
}

/// A cache file, mapped; what its layout says is checked at once.
class ScoreFile {
 public:
  ScoreFile(const fs::path& file, const std::vector<Task>& tasks)
      : saved_(file), frames_(saved_.tensor("frames", DType::kI32, 1).as<std::int32_t>()) {
    for (const Task& task : tasks) {
      const auto values = saved_.tensor(tensor_name(task), DType::kF32, 2).as<float>();
      if (values.size() != frames_.size() * score_columns(task)) {
        throw InputError("scores", file.string(), "has the wrong number of values");
      }
      values_.emplace(task, values);
    }
    std::size_t at = 0;
    for (const json& entry : json::parse(saved_.metadata_value(kLayoutKey))) {
      const auto count = entry.at(1).get<std::size_t>();
      if (count > frames_.size() - at) {
        throw InputError("scores", file.string(), "has fewer rows than its layout says");
      }
      rows_[entry.at(0).get<std::string>()] = {at, count, entry.size() < 3};
      at += count;
    }
  }

  LogitsByTask all() const {
    LogitsByTask logits = none();
    for (const auto& [video, rows] : rows_) append(video, rows, logits);
    return logits;
  }

  LogitsByTask of(const std::string& video) const {
    LogitsByTask logits = none();
    const auto found = rows_.find(video);
    if (found != rows_.end()) append(video, found->second, logits);
    saved_.release_pages();
    return logits;
  }

 private:
  struct Rows {
    std::size_t at = 0, count = 0;
    bool film = true;
  };

  LogitsByTask none() const {
    LogitsByTask logits;
    for (const auto& [task, values] : values_) logits[task] = {task, {}};
    return logits;
  }

  void append(const std::string& video, const Rows& rows, LogitsByTask& logits) const {
    const auto frames = frames_.subspan(rows.at, rows.count);
    for (const auto& [task, all_values] : values_) {
      const std::size_t columns = score_columns(task);
      const auto values = all_values.subspan(rows.at * columns, rows.count * columns);
      logits.at(task).videos.push_back(
          {video, {frames.begin(), frames.end()}, {values.begin(), values.end()}, rows.film});
    }
  }

  SafetensorsFile saved_;
  std::span<const std::int32_t> frames_;
  std::map<Task, std::span<const float>> values_;
  std::map<std::string, Rows> rows_;  ///< in byte order of the names
};

/// A damaged cache is no reason to stop: it is computed anew.
std::shared_ptr<const ScoreFile> try_cache(const fs::path& file, const std::vector<Task>& tasks) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return nullptr;
  try {
    return std::make_shared<const ScoreFile>(file, tasks);
  } catch (const std::exception& problem) {
    log::warn("ignoring damaged scores: " + std::string(problem.what()));
    return nullptr;
  }
}

fs::path cache_file(const fs::path& run, const fs::path& weights, const std::vector<Bank>& banks,
                    const std::vector<std::string>& videos) {
  const std::string key = cache_key(weights, banks, videos);
  return run / "evaluation" / ("scores-" + key.substr(0, 16) + ".safetensors");
}

void keep(const fs::path& file, const LogitsByTask& logits) {
  try {
    make_folder(file.parent_path(), "RUN");
    write_cache(file, logits);
  } catch (const InputError& problem) {  // a run on a read-only disk is still evaluated
    log::warn(std::string("scores are not kept: ") + problem.what());
  }
}

LogitsByTask of_video(const LogitsByTask& logits, const std::string& video) {
  LogitsByTask out;
  for (const auto& [task, scores] : logits) {
    TaskScores& of_task = out[task] = {task, {}};
    const auto found = std::ranges::lower_bound(scores.videos, video, {}, &VideoScores::video);
    if (found != scores.videos.end() && found->video == video) of_task.videos.push_back(*found);
  }
  return out;
}

}  // namespace

LogitsByTask cached_logits(const fs::path& run, const fs::path& weights, const HeadMetadata& head,
                           const std::vector<Bank>& banks, const std::vector<std::string>& videos,
                           const std::string& device) {
  const fs::path file = cache_file(run, weights, banks, videos);
  if (const auto cached = try_cache(file, head.shape.tasks)) return cached->all();
  LogitsByTask logits = compute_logits(weights, head, banks, videos, device);
  keep(file, logits);
  return logits;
}

LogitsOfVideo kept_logits(const fs::path& run, const fs::path& weights, const HeadMetadata& head,
                          const std::vector<Bank>& banks, const std::vector<std::string>& videos,
                          const std::string& device) {
  const fs::path file = cache_file(run, weights, banks, videos);
  auto cached = try_cache(file, head.shape.tasks);
  if (cached == nullptr) {
    auto logits =
        std::make_shared<const LogitsByTask>(compute_logits(weights, head, banks, videos, device));
    keep(file, *logits);
    return [logits](const std::string& video) { return of_video(*logits, video); };
  }
  return [cached](const std::string& video) { return cached->of(video); };
}

}  // namespace mien
