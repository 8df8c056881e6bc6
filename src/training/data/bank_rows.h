// Rows of banks, side by side, from mapped files into memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mien/bank/bank.h"

namespace mien {

/// The frames of `video` that every bank has, ascending; none when a bank lacks the video.
std::vector<std::int32_t> shared_frames(const std::vector<Bank>& banks, const std::string& video);

/// Copies the embeddings of `frames` (ascending, of shared_frames()) into `target`, fp16
/// [frames, D] in host memory and contiguous, the banks side by side. Mapped pages are let go of as
/// they have been read. Throws InputError for a row of the video that is not finite, wanted or not,
/// and for a file that changed since.
void copy_rows(const std::vector<Bank>& banks, const std::string& video,
               std::span<const std::int32_t> frames, const at::Tensor& target);

}  // namespace mien
