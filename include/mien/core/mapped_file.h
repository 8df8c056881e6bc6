// A file's bytes, mapped read-only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace mien {

class MappedFile {
 public:
  /// Throws InputError when the file cannot be opened or mapped. An empty file gives no bytes.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// Tells the system that the pages are not needed for now (they count as resident until then).
  void release_pages() const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace mien
