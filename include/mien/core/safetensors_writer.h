// A safetensors file written piece by piece, for tensors that do not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mien/core/files.h"
#include "mien/core/safetensors.h"

namespace mien {

/// A tensor whose bytes come later.
struct TensorPlan {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;

  std::uint64_t bytes() const;
};

/// Atomic, and byte for byte what write_safetensors() makes of the same tensors.
class SafetensorsWriter {
 public:
  /// Throws InputError when the folder cannot be written.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorPlan> tensors,
                    const Metadata& metadata);

  /// The tensors in the order in which their bytes come: wide elements first, then by name.
  const std::vector<TensorPlan>& tensors() const { return tensors_; }

  /// The next bytes of the file, all of `tensor`. Throws std::logic_error when they are not due.
  void append(const std::string& tensor, std::span<const std::byte> bytes);

  /// Throws std::logic_error while bytes are missing, InputError when the disk refused.
  void commit();

  /// The same, and opens the file before it has its name: what comes back is what was written,
  /// even when another process replaces or removes the file at once.
  SafetensorsFile commit_and_open();

 private:
  void require_complete();

  AtomicFile file_;
  std::vector<TensorPlan> tensors_;
  std::size_t at_ = 0;           ///< the tensor that is being written
  std::uint64_t in_tensor_ = 0;  ///< bytes of it that are there
};

}  // namespace mien
