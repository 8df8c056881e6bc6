#include "process.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

namespace mien {

void wait_passively(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
  ::execv("/proc/self/exe", arguments);  // comes back only when it failed: then the default holds
}

void keep_freed_memory() {
  constexpr int kMegabyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 1024 * kMegabyte);
  mallopt(M_TRIM_THRESHOLD, 1024 * kMegabyte);
  mallopt(M_TOP_PAD, 64 * kMegabyte);
}

}  // namespace mien
