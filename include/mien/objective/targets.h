// The labels that a batch's logits are held against.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "mien/data/tasks.h"

namespace mien {

/// One task's labels of a batch, on the device of the logits.
struct TaskTargets {
  Task task = Task::kExpr;
  at::Tensor labels;  ///< EXPR int64 [B] (0 where not valid); AU [B, 12] 0/1 in the logits' dtype
  at::Tensor valid;   ///< bool [B] or [B, 12]; undefined: all are valid
  at::Tensor videos;  ///< int64 [B], index of each row's video; per_video pools by it
  std::int64_t video_count = 0;  ///< host side: videos that the indices run over
};

}  // namespace mien
