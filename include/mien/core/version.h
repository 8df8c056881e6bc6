// Which mien this is.
#pragma once

#include <string>

namespace mien {

std::string version();    ///< "0.1.0"
std::string git_state();  ///< `git describe --always --dirty` at build time, or "unknown"

}  // namespace mien
