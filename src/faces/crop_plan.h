// What is to be done: the inputs that can be opened and are not finished.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "crop_records.h"
#include "mien/faces/crop.h"

namespace mien {

/// The inputs that are still to be done.
struct CropPlan {
  std::vector<const CropInput*> inputs;
  std::vector<CropFailure> failed;  ///< could not be opened
  std::int64_t frames = 0;          ///< as far as is known
  std::int64_t skipped = 0;
};

/// Glances at everything: what is no video is known before anything is written. Throws InputError
/// when an input's folder is another's, and when nothing is left that can be opened.
CropPlan plan_crops(const std::vector<CropInput>& inputs, const std::filesystem::path& root,
                    const CropOptions& options);

CropSource source_of(const CropInput& input);

}  // namespace mien
