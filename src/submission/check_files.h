// A submission of a file a video against what it must hold.
#pragma once

#include <filesystem>

#include "mien/submission/check.h"
#include "mien/submission/form.h"

namespace mien {

/// check_submission() of a template that is a file a video, or a list of videos.
CheckSummary check_files(const std::filesystem::path& place, const Form& form);

}  // namespace mien
