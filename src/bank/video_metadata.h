// What a video's file says besides its tensors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/bank/bank.h"

namespace mien {

/// {"<frame>": "<file name>"} of images that are no film, be it none of them; null for films.
nlohmann::json names_json(const VideoRecord& record);

/// `failed` goes out in the order of the frames, those of one frame as given.
Metadata video_metadata(std::vector<FailedFrame> failed, std::int64_t every,
                        const nlohmann::json& names);

/// Throws InputError that names `file`.
std::vector<FailedFrame> failed_of(const Metadata& metadata, const std::filesystem::path& file);

/// names_json() as it was written.
nlohmann::json names_of(const Metadata& metadata);

}  // namespace mien
