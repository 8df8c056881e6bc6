// What an archive without mien.json does not say of itself.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "mien/encoder/encoder_info.h"

namespace mien {

struct EncoderFlags {
  std::int64_t image_size = 0;
  std::string mean, std;

  void add_to(CLI::App* command);

  /// Throws InputError for a flag that is out of range.
  EncoderOverrides overrides() const;
};

}  // namespace mien
