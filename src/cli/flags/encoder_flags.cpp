#include "flags/encoder_flags.h"

#include "command_line.h"

namespace mien {

void EncoderFlags::add_to(CLI::App* command) {
  add_whole_number(command, "--image-size", image_size,
                   "Input side, for an archive without mien.json");
  command->add_option("--mean", mean, "r,g,b in [0,1], for one without mien.json");
  command->add_option("--std", std, "r,g,b in [0,1], for one without mien.json");
}

EncoderOverrides EncoderFlags::overrides() const {
  require_in("--image-size", image_size, 0, 4096);
  EncoderOverrides overrides;
  if (image_size > 0) overrides.image_size = image_size;
  if (!mean.empty()) overrides.mean = parse_rgb(mean, "--mean");
  if (!std.empty()) overrides.std = parse_rgb(std, "--std");
  return overrides;
}

}  // namespace mien
