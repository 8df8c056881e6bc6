// What an encoder file is, for people.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "mien/encoder/encoder_info.h"

namespace mien {

/// to_json(EncoderInfo) and: `file` ("TorchScript archive", "OpenAI's CLIP archive"),
/// `architecture`
/// ("vision transformer, 12 layers of width 768, patches of 32, QuickGELU (laid out like CLIP's by
/// OpenAI's names)"; that it computes CLIP is proven when it is loaded),
/// `parameters`, `weights_dtype`. Throws InputError as read_encoder_info() does.
nlohmann::json describe_encoder(const std::filesystem::path& file,
                                const EncoderOverrides& overrides);

/// Whether the file is one that people take for an encoder (a state_dict, a pickle, a Git LFS
/// pointer): describe_encoder() says what it is.
bool is_foreign_encoder(const std::filesystem::path& file);

}  // namespace mien
