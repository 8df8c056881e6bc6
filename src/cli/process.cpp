#include "process.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace mien {
namespace {

/// Standard output as it was when the process began; -1 when it was closed.
int results = STDOUT_FILENO;

/// A descriptor that was closed would be given to the next file, which would then be written into.
void require_open(int descriptor) {
  if (::fcntl(descriptor, F_GETFD) >= 0) return;
  const int nothing = ::open("/dev/null", O_WRONLY);
  if (nothing < 0 || nothing == descriptor) return;
  ::dup2(nothing, descriptor);
  ::close(nothing);
}

}  // namespace

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

void keep_output_for_results() {
  results = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  require_open(STDERR_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

bool write_result(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(results, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return results >= 0;
}

}  // namespace mien
