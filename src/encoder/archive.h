// A TorchScript file on the CPU, with what it says of itself.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include "clip_vit_names.h"
#include "mien/encoder/encoder_info.h"

namespace mien {

inline constexpr const char* kOpenAiArchive = "OpenAI's CLIP archive";

struct Archive {
  std::filesystem::path file;
  torch::jit::Module tower;     ///< forward(float [B, 3, S, S]) -> [B, D]; weights as stored
  EncoderInfo info;             ///< embedding_dim may be 0: not known yet
  std::string kind;             ///< "TorchScript archive", "OpenAI's CLIP archive"
  std::string weights_dtype;    ///< of the stored parameters: "fp32", "fp16", "mixed", "frozen"
  std::int64_t parameters = 0;  ///< how many numbers; 0 in a frozen archive

  /// Parameters of the tower by their full names.
  NamedTensors named_parameters() const;

  /// The tower frozen, in fp32 on the CPU; made once. Not to be changed.
  const torch::jit::Module& frozen() const;
  mutable std::optional<torch::jit::Module> made_frozen;  ///< what frozen() gives
};

/// Opens the file. An archive of OpenAI's (a whole CLIP in half precision) gives its image tower,
/// with the preprocessing that it was trained with, and needs no metadata. Throws InputError as
/// read_encoder_info() does.
Archive open_archive(const std::filesystem::path& file, const EncoderOverrides& overrides);

inline constexpr const char* kForward = "forward";

/// The graph of a frozen module.
torch::jit::Graph& graph_of(const torch::jit::Module& frozen);

/// Convolutions in a frozen module.
int count_convolutions(const torch::jit::Module& frozen);

/// What LibTorch complains of, on one line, without its traces.
std::string reason_of(const std::exception& problem);

}  // namespace mien
