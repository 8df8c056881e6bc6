// An archive that has been opened, run and recognised: ready to be computed one way or another.
#pragma once

#include <optional>

#include "mien/encoder/encoder.h"
#include "path_trial.h"

namespace mien {

struct PreparedArchive {
  Archive archive;
  Reference reference;
  std::optional<ClipVitWeights> vit;  ///< proven

  /// They point into this object.
  std::vector<PathRecipe> recipes(const at::Device& device, const std::string& dtype) const;
};

/// The dtypes that may serve the request, the fastest first. Throws InputError for one that the
/// device lacks.
std::vector<std::string> dtypes_to_try(const EncoderRequest& request);

/// Throws InputError as load_encoder() does.
PreparedArchive prepare_archive(const std::filesystem::path& file,
                                const EncoderOverrides& overrides, const at::Device& device);

}  // namespace mien
