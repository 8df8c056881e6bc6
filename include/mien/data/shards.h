// One job on several processes: which videos are whose.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/data/image_roots.h"

namespace mien {

/// One process's part of a job.
struct Shard {
  std::int64_t index = 0;  ///< 0 <= index < count
  std::int64_t count = 1;
  std::string origin;  ///< who said so: "--shard", "RANK, WORLD_SIZE"; empty when nobody did
};

/// "I/N" with 0 <= I < N. Throws InputError (naming --shard).
Shard parse_shard(const std::string& text);

/// Whether srun started this process as a task of a step (SLURM_STEP_ID). A batch script and an
/// interactive shell of a job have Slurm's other variables, too, but are one process for the whole.
bool is_in_slurm_step();

/// RANK of WORLD_SIZE (torchrun), else in a step SLURM_PROCID of SLURM_NTASKS, else 0 of 1. A pair
/// counts when both are set and not empty: scripts export WORLD_SIZE alone. Throws InputError
/// (naming the variable) for what is no rank.
Shard shard_from_environment();

/// SLURM_ARRAY_TASK_ID among SLURM_ARRAY_TASK_MIN, _MAX and _STEP (`--array=0-9`, `1-19:2`), else
/// shard_from_environment(). Throws InputError for a list with gaps, where the place of a task
/// cannot be told.
Shard shard_from_array();

/// What a shard has of the whole.
struct ShardShare {
  std::int64_t videos = 0, all_videos = 0;
  std::int64_t images = 0, all_images = 0;
};

/// Leaves the shard's videos, in the order they had. Longest first (ties by name), each video goes
/// to the rank with the fewest images so far (ties: the lowest), so that no rank has more than the
/// mean and one video. Only names and numbers of frames count: every process comes to the same
/// split, whatever is encoded already.
ShardShare keep_shard(std::vector<VideoFrames>& videos, const Shard& shard);

/// index, count, origin, videos, all_videos, images, all_images.
nlohmann::json to_json(const Shard& shard, const ShardShare& share);

/// "shard 1/3: 12 of 40 videos, 5,123 of 15,300 images (RANK, WORLD_SIZE)".
std::string shard_text(const Shard& shard, const ShardShare& share);

}  // namespace mien
