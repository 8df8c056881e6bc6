// Safetensors files (https://github.com/huggingface/safetensors#format): 8 bytes with the length of
// a JSON header, the header, the tensors' bytes. Everything a file says is checked before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mien/core/mapped_file.h"

namespace mien {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU64, kU32, kU16, kU8, kBool };

std::string dtype_name(DType dtype);  ///< "F16"
std::size_t dtype_size(DType dtype);  ///< bytes an element

/// A tensor's bytes, row-major, little-endian, owned by somebody else.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  std::int64_t elements() const;

  /// The elements as T. Throws std::logic_error unless T has the dtype's size.
  template <class T>
  std::span<const T> as() const {
    require_size(sizeof(T));
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

 private:
  void require_size(std::size_t element_size) const;
};

template <class T>
TensorView view_of(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), std::as_bytes(std::span(values))};
}

using TensorMap = std::map<std::string, TensorView>;
using Metadata = std::map<std::string, std::string>;

/// A file open for reading, mapped. Views live as long as this object.
class SafetensorsFile {
 public:
  /// Throws InputError that names the file and what is wrong with it: too short, a header that is
  /// longer than the file or no JSON, unknown dtypes, offsets that overlap, leave holes, disagree
  /// with the shape or point outside.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const TensorMap& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

  /// Throws InputError when there is no tensor of this name, dtype and rank.
  const TensorView& tensor(const std::string& name, DType dtype, std::size_t rank) const;

  /// The metadata's value. Throws InputError when it is not there.
  const std::string& metadata_value(const std::string& key) const;

  void release_pages() const { file_.release_pages(); }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  TensorMap tensors_;
  Metadata metadata_;
  std::vector<std::vector<std::byte>> aligned_copies_;

  /// Copies the tensors that some writer left at an address unfit for their elements.
  void align();
};

/// Writes the tensors atomically. The bytes are a function of the arguments only. For tensors that
/// do not fit into memory see safetensors_writer.h.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const Metadata& metadata);

}  // namespace mien
