#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "image_header.h"
#include "mien/core/text.h"
#include "mien/data/image.h"

namespace mien {
namespace {

/// Decoders count bytes in an int, and no face crop is near it.
constexpr std::int64_t kMostBytes = 1 << 30;

class Descriptor {
 public:
  /// Without blocking: a pipe in the folder must not hang the run.
  explicit Descriptor(const std::filesystem::path& path)
      : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }

 private:
  int value_;
};

[[noreturn]] void refuse_unreadable() {
  throw ImageError(concat("cannot be read (", std::strerror(errno), ")"));
}

/// The bytes are copied, not mapped: a mapped file that shrinks meanwhile would end the process.
std::vector<std::byte> read_file(const std::filesystem::path& path,
                                 std::size_t at_most = kMostBytes) {
  const Descriptor file(path);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) refuse_unreadable();
  if (!S_ISREG(status.st_mode)) throw ImageError("not a file");
  if (status.st_size > kMostBytes) throw ImageError("larger than 1 GiB");
  std::vector<std::byte> bytes(std::min(static_cast<std::size_t>(status.st_size), at_most));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_unreadable();
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

Image load_image(const std::filesystem::path& path, Orientation orientation) {
  return decode_image(read_file(path), orientation);
}

void require_image(const std::filesystem::path& path) {
  const std::vector<std::byte> start = read_file(path, kLongestSignature);
  format_of({reinterpret_cast<const std::uint8_t*>(start.data()), start.size()});
}

void load_crop(const std::filesystem::path& path, int size, ResizeFilter filter,
               std::span<std::uint8_t> crop) {
  const Image square = resize_and_crop(load_image(path), size, filter);
  if (square.pixels.size() != crop.size()) {
    throw std::invalid_argument("load_crop: the crop is not [size, size, 3]");
  }
  std::copy(square.pixels.begin(), square.pixels.end(), crop.begin());
}

}  // namespace mien
