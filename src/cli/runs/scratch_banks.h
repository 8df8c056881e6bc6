// Images -> banks that live as long as one command.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flags/encoder_flags.h"
#include "mien/bank/encode_videos.h"
#include "mien/core/files.h"
#include "mien/head/head_file.h"

namespace mien {

struct ScratchRequest {
  std::vector<std::string> images, encoders;
  std::string videos;  ///< file with the names; empty: all
  EncoderFlags archive;
  EncodeOptions encode;
  std::string device;
};

/// A bank an encoder, in a hidden folder that goes with this object.
class ScratchBanks {
 public:
  /// Encodes the images for the heads that will read them. Throws InputError, before anything is
  /// encoded, when a head was trained on none of the encoders.
  ScratchBanks(const ScratchRequest& request, const std::vector<HeadMetadata>& heads,
               const std::filesystem::path& beside);

  /// Folders; for one head in the order of its inputs.
  const std::vector<std::string>& folders() const { return folders_; }

 private:
  ScratchFolder folder_;
  std::vector<std::string> folders_;
};

}  // namespace mien
