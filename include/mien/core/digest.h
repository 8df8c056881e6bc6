// SHA-256, for the identity of encoders, banks and label files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// A digest in the making.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  /// 64 lower-case hexadecimal digits. The object is spent.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_of_text(std::string_view text);

/// Throws InputError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace mien
