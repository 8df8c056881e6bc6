#include "mien/data/shards.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <queue>
#include <utility>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::string value_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

/// The shard that a launcher's two variables name; nothing unless both are set.
std::optional<Shard> shard_of_launcher(const char* rank, const char* size) {
  const std::string index = value_of(rank), count = value_of(size);
  if (index.empty() || count.empty()) return std::nullopt;
  Shard shard{.origin = concat(rank, ", ", size)};
  if (!parse_integer(count, shard.count) || shard.count < 1) {
    throw InputError(size, count, "expected a whole number of at least 1, or --shard I/N");
  }
  if (!parse_integer(index, shard.index) || shard.index < 0 || shard.index >= shard.count) {
    throw InputError(rank, index,
                     concat("expected 0 to ", shard.count - 1, " as ", size, " is ", shard.count,
                            ", or --shard I/N"));
  }
  return shard;
}

/// Numbers from here on stand for Slurm's own steps: the batch script, an interactive shell, and
/// what holds a job's place (slurm.h, SLURM_MAX_NORMAL_STEP_ID).
constexpr std::int64_t kFirstSpecialStep = 0xfffffff0;

std::int64_t images_of(const std::vector<VideoFrames>& videos) {
  return std::accumulate(
      videos.begin(), videos.end(), std::int64_t{0},
      [](std::int64_t sum, const VideoFrames& video) { return sum + std::ssize(video.numbers); });
}

std::vector<std::size_t> longest_first(const std::vector<VideoFrames>& videos) {
  std::vector<std::size_t> order(videos.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (videos[a].numbers.size() != videos[b].numbers.size()) {
      return videos[a].numbers.size() > videos[b].numbers.size();
    }
    return videos[a].name < videos[b].name;
  });
  return order;
}

/// The rank of each video. Ranks beyond the number of videos stay empty and are not kept track of.
std::vector<std::int64_t> ranks_of(const std::vector<VideoFrames>& videos, std::int64_t count) {
  using LoadAndRank = std::pair<std::int64_t, std::int64_t>;
  std::priority_queue<LoadAndRank, std::vector<LoadAndRank>, std::greater<>> least_loaded;
  for (std::int64_t rank = 0; rank < std::min(count, std::ssize(videos)); ++rank) {
    least_loaded.emplace(0, rank);
  }
  std::vector<std::int64_t> ranks(videos.size());
  for (const std::size_t video : longest_first(videos)) {
    const auto [load, rank] = least_loaded.top();
    least_loaded.pop();
    ranks[video] = rank;
    least_loaded.emplace(load + std::ssize(videos[video].numbers), rank);
  }
  return ranks;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard{.origin = "--shard"};
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() != 2 || !parse_integer(parts[0], shard.index) ||
      !parse_integer(parts[1], shard.count) || shard.count < 1) {
    throw InputError("--shard", text, "expected I/N, such as 0/3 for the first of three");
  }
  if (shard.index < 0 || shard.index >= shard.count) {
    throw InputError("--shard", text,
                     concat("expected 0/", shard.count, " to ", shard.count - 1, "/", shard.count));
  }
  return shard;
}

bool is_in_slurm_step() {
  std::int64_t step = 0;
  return parse_integer(value_of("SLURM_STEP_ID"), step) && step >= 0 && step < kFirstSpecialStep;
}

Shard shard_from_environment() {
  if (const auto shard = shard_of_launcher("RANK", "WORLD_SIZE")) return *shard;
  if (!is_in_slurm_step()) return {};
  if (const auto shard = shard_of_launcher("SLURM_PROCID", "SLURM_NTASKS")) return *shard;
  return {};
}

Shard shard_from_array() {
  const std::string id = value_of("SLURM_ARRAY_TASK_ID");
  if (id.empty() || value_of("SLURM_ARRAY_TASK_COUNT").empty()) return shard_from_environment();
  const auto number = [](const char* variable, std::int64_t otherwise) {
    const std::string text = value_of(variable);
    std::int64_t value = otherwise;
    if (!text.empty() && !parse_integer(text, value)) {
      throw InputError(variable, text, "expected a whole number, or --shard I/N");
    }
    return value;
  };
  Shard shard{.count = number("SLURM_ARRAY_TASK_COUNT", 1),
              .origin = "SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT"};
  const std::int64_t first = number("SLURM_ARRAY_TASK_MIN", 0);
  const std::int64_t step = number("SLURM_ARRAY_TASK_STEP", 1);
  const std::int64_t offset = number("SLURM_ARRAY_TASK_ID", 0) - first;
  shard.index = step > 0 ? offset / step : -1;
  if (step < 1 || offset % step != 0 || shard.index < 0 || shard.index >= shard.count) {
    throw InputError("SLURM_ARRAY_TASK_ID", id,
                     concat("expected a task of an array without gaps (", shard.count,
                            " tasks from ", first, " by ", step, "), or --shard I/N"));
  }
  return shard;
}

ShardShare keep_shard(std::vector<VideoFrames>& videos, const Shard& shard) {
  ShardShare share{.all_videos = std::ssize(videos), .all_images = images_of(videos)};
  const std::vector<std::int64_t> ranks = ranks_of(videos, shard.count);
  std::vector<VideoFrames> kept;
  for (std::size_t i = 0; i < videos.size(); ++i) {
    if (ranks[i] == shard.index) kept.push_back(std::move(videos[i]));
  }
  videos = std::move(kept);
  share.videos = std::ssize(videos);
  share.images = images_of(videos);
  return share;
}

nlohmann::json to_json(const Shard& shard, const ShardShare& share) {
  return {{"index", shard.index},           {"count", shard.count},
          {"origin", shard.origin},         {"videos", share.videos},
          {"all_videos", share.all_videos}, {"images", share.images},
          {"all_images", share.all_images}};
}

std::string shard_text(const Shard& shard, const ShardShare& share) {
  return concat("shard ", shard.index, "/", shard.count, ": ", with_thousands(share.videos), " of ",
                with_thousands(share.all_videos), " videos, ", with_thousands(share.images), " of ",
                with_thousands(share.all_images), " images (", shard.origin, ")");
}

}  // namespace mien
