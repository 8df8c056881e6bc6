// A safetensors file put together byte by byte, right or wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "temporary_folder.h"

namespace mien::testing {

/// The header's length, the header, the data.
inline std::string raw_safetensors(const std::string& header, const std::string& data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

}  // namespace mien::testing
