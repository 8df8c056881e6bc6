// What a frozen image encoder says of itself: `mien.json` inside the TorchScript archive.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mien/data/image.h"

namespace mien {

struct EncoderInfo {
  std::string name;
  std::int64_t image_size = 0;     ///< S: the input is [B, 3, S, S]
  std::int64_t embedding_dim = 0;  ///< D: the output is [B, D]
  std::array<double, 3> mean{};    ///< R, G, B of values in [0, 1]
  std::array<double, 3> std{};
  ResizeFilter resize = ResizeFilter::kBicubic;
  std::string source;
  std::string weights_sha256;
  std::string file_sha256;  ///< of the archive itself; the bank's key

  bool operator==(const EncoderInfo&) const = default;
};

/// Given on the command line for an archive without `mien.json`.
struct EncoderOverrides {
  std::optional<std::int64_t> image_size;
  std::optional<std::array<double, 3>> mean, std;
};

nlohmann::json to_json(const EncoderInfo& info);

/// Throws InputError (naming `what`) for missing or illegal values.
EncoderInfo encoder_info_from_json(const nlohmann::json& json, const std::string& what);

/// "r,g,b". Throws InputError (naming `flag`) for anything but three numbers.
std::array<double, 3> parse_rgb(const std::string& text, const std::string& flag);

}  // namespace mien
