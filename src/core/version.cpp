#include "mien/core/version.h"

namespace mien {

std::string version() {
  return MIEN_VERSION;
}
std::string git_state() {
  return MIEN_GIT_STATE;
}

}  // namespace mien
