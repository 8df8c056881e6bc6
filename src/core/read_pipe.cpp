#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr int kLookMilliseconds = 100;
constexpr int kLooksBeforeWords = 10;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw InputError(what, path.string(), concat("cannot be read (", std::strerror(errno), ")"));
}

class OpenPipe {
 public:
  /// Without blocking: opening a pipe that nobody writes to would wait for a writer.
  explicit OpenPipe(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenPipe() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenPipe(const OpenPipe&) = delete;
  OpenPipe& operator=(const OpenPipe&) = delete;

  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Until there is something to read, or its writers are gone.
void wait_for(int pipe, const std::filesystem::path& path, const std::string& what) {
  for (int looks = 0;; ++looks) {
    struct pollfd waited {
      pipe, POLLIN, 0
    };
    const int ready = ::poll(&waited, 1, kLookMilliseconds);
    throw_if_interrupted("nothing was changed");
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) refuse(path, what);
    if (looks == kLooksBeforeWords) {
      log::info(concat(what, " = ", path.string(), ": a pipe, waiting for what is written to it"));
    }
  }
}

}  // namespace

std::string read_pipe(const std::filesystem::path& path, const std::string& what) {
  const OpenPipe pipe(path);
  if (pipe.get() < 0) refuse(path, what);
  std::string text;
  std::array<char, 1 << 16> block{};
  for (;;) {
    wait_for(pipe.get(), path, what);
    const ssize_t count = ::read(pipe.get(), block.data(), block.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(block.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      refuse(path, what);
    }
  }
}

}  // namespace mien
