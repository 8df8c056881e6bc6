// The labels that a batch's logits are held against.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "mien/data/tasks.h"

namespace mien {

/// One task's labels of a batch, on the device of the logits.
struct TaskTargets {
  Task task;
  /// Classes int64 [B]; binary 0/1 [B, K] and continuous [B, K] (its range as [-1, 1]) in the
  /// logits' dtype; 0 where not valid.
  at::Tensor labels;
  at::Tensor valid;    ///< bool [B] (whole rows) or [B, K]; undefined: all are valid
  at::Tensor weights;  ///< [B] of the rows' losses, mean 1 over the training; undefined: 1
  at::Tensor videos;   ///< int64 [B], index of each row's video; per_video pools by it
  std::int64_t video_count = 0;  ///< host side: videos that the indices run over
};

}  // namespace mien
