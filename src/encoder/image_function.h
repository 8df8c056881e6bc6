// Whether an encoder is a function of its image: the same for the same image, whatever came before
// it and whatever is in the batch beside it. A bank, which is cut into batches of its own, and a
// head, which sees one image at a time, rely on it.
#pragma once

#include <string>

#include "path_trial.h"

namespace mien {

/// Throws InputError for a network that was traced or saved in training mode (dropout, BatchNorm
/// that normalises by the batch), or that writes to what it keeps from one batch to the next. It
/// does not run anything.
void require_inference_mode(const Archive& archive);

/// Why the path is no function of its image, or empty: on `pixels` it made `embeddings`, must make
/// them again, and must make the first, the middle and the last of them of their images alone.
/// Up to rounding: relative differences of 1e-5 for the same batch, 1e-4 alone in fp32, and a
/// cosine of .9995 where something is computed in less.
std::string image_function_problem(const EncoderPath& path, bool rounds_inside,
                                   const at::Tensor& pixels, const at::Tensor& embeddings);

/// require_inference_mode(), and image_function_problem() of the plain module. Throws InputError
/// for what it finds, except where quantisation takes its scale from the batch: that is what the
/// answer then says, otherwise it is empty.
std::string require_image_function(const Archive& archive, const Reference& reference);

/// Whether the frozen network computes in half precision somewhere.
bool rounds_inside(const Archive& archive);

}  // namespace mien
