// mien encode --benchmark: what this machine makes of an encoder.
#pragma once

#include <filesystem>

#include "mien/encoder/encoder.h"

namespace mien {

/// Measures and prints a table (or JSON) of paths, dtypes, batch sizes and images/s, and what
/// `mien encode` would choose. Throws InputError as load_encoder() does.
void run_encode_benchmark(const std::filesystem::path& encoder, const EncoderOverrides& overrides,
                          const EncoderRequest& request, bool as_json);

}  // namespace mien
