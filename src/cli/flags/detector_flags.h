// Which detector looks for faces, on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "mien/faces/detector.h"

namespace mien {

struct DetectorFlags {
  std::string kind = "auto", file, min_face = "20", confidence = "0.9";

  /// `when`: what the descriptions begin with ("With --video: "), or nothing.
  void add_to(CLI::App* command, const std::string& when);

  bool any_given() const;

  /// Throws InputError for a flag that is out of range.
  DetectorChoice choice() const;
};

}  // namespace mien
