#include "tensor_encoder.h"

#include <c10/util/Exception.h>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {

at::Tensor forward_checked(const EncoderPath& path, const EncoderInfo& info,
                           const at::Tensor& pixels) {
  const std::int64_t images = pixels.size(0);
  at::Tensor output;
  try {
    output = path.forward(pixels);
  } catch (const c10::OutOfMemoryError&) {
    throw InputError("--batch-size", std::to_string(images),
                     concat("there is not enough memory on ", pixels.device().str(),
                            " for it; expected fewer images a batch"));
  } catch (const std::exception& problem) {  // c10::Error, and what a script raises
    throw InputError("--encoder", info.name,
                     concat("fails on a batch of ", images, " images (", reason_of(problem), ")"));
  }
  if (output.sizes() != at::IntArrayRef({images, info.embedding_dim})) {
    throw InputError("--encoder", info.name,
                     concat("gives ", output.sizes(), " for a batch of ", images,
                            " images, expected [", images, ", ", info.embedding_dim, "]"));
  }
  return output;
}

}  // namespace mien
