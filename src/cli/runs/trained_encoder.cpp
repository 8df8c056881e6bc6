#include "runs/trained_encoder.h"

#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"

namespace mien {

std::unique_ptr<Encoder> load_as_trained(const std::filesystem::path& file,
                                         const EncoderOverrides& overrides, EncoderRequest request,
                                         const HeadInput& input) {
  // Where bf16 is not in the processor it takes minutes: never unasked.
  const bool slow = request.dtype == "auto" && request.device == "cpu" && input.dtype == "bf16" &&
                    !runtime_facts().native_bf16;
  const bool free =
      request.path == "auto" && !slow && (request.dtype == "auto" || request.dtype == input.dtype);
  if (!free || input.path.empty()) return load_encoder(file, overrides, request);
  try {
    return load_encoder(file, overrides, {request.device, input.dtype, input.path});
  } catch (const InputError& problem) {
    log::debug(problem.what());
    log::info(concat("the training's way to compute, ", input.path, " in ", input.dtype,
                     ", is not there on ", request.device, ": another one is taken"));
  }
  return load_encoder(file, overrides, request);
}

}  // namespace mien
