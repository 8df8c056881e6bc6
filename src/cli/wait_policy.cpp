#include "wait_policy.h"

#include <unistd.h>

#include <cstdlib>

namespace mien {

void wait_passively(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
  ::execv("/proc/self/exe", arguments);  // comes back only when it failed: then the default holds
}

}  // namespace mien
