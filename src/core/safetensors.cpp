#include "mien/core/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

struct DTypeFacts {
  DType dtype;
  const char* name;
  std::size_t size;
};

constexpr std::array<DTypeFacts, 13> kDTypes = {{{DType::kF64, "F64", 8},
                                                 {DType::kF32, "F32", 4},
                                                 {DType::kF16, "F16", 2},
                                                 {DType::kBF16, "BF16", 2},
                                                 {DType::kI64, "I64", 8},
                                                 {DType::kI32, "I32", 4},
                                                 {DType::kI16, "I16", 2},
                                                 {DType::kI8, "I8", 1},
                                                 {DType::kU64, "U64", 8},
                                                 {DType::kU32, "U32", 4},
                                                 {DType::kU16, "U16", 2},
                                                 {DType::kU8, "U8", 1},
                                                 {DType::kBool, "BOOL", 1}}};
constexpr std::size_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::size_t kLengthBytes = 8;

const DTypeFacts& facts(DType dtype) {
  return kDTypes.at(static_cast<std::size_t>(dtype));
}

/// Reads one file's header; every complaint names the file.
class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, std::span<const std::byte> file)
      : path_(path), file_(file) {}

  void read(TensorMap& tensors, Metadata& metadata) {
    const json header = parse();
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        read_metadata(entry, metadata);
      } else {
        tensors.emplace(name, read_tensor(name, entry));
      }
    }
    require_tiling();
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw InputError("safetensors file", path_.string(), problem);
  }

  json parse() {
    if (file_.size() < kLengthBytes) {
      fail(concat("expected at least 8 bytes, the file has ", file_.size()));
    }
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), kLengthBytes);
    if (length > kMaxHeader || length > file_.size() - kLengthBytes) {
      fail(concat("the header's length is ", length, ", the file has ", file_.size(), " bytes"));
    }
    data_ = file_.subspan(kLengthBytes + length);
    const auto* text = reinterpret_cast<const char*>(file_.data()) + kLengthBytes;
    json header = json::parse(text, text + length, nullptr, /*allow_exceptions=*/false);
    if (!header.is_object()) fail("the header is not a JSON object");
    return header;
  }

  void read_metadata(const json& entry, Metadata& metadata) const {
    if (!entry.is_object()) fail("__metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail("__metadata__." + key + " is not a text");
      metadata[key] = value.get<std::string>();
    }
  }

  TensorView read_tensor(const std::string& name, const json& entry) {
    TensorView view;
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets") || !entry["dtype"].is_string()) {
      fail("tensor " + name + " lacks dtype, shape or data_offsets");
    }
    const auto dtype = std::find_if(kDTypes.begin(), kDTypes.end(), [&entry](const auto& known) {
      return entry["dtype"].get<std::string>() == known.name;
    });
    if (dtype == kDTypes.end()) {
      fail("tensor " + name + " has the unknown dtype " + entry["dtype"].get<std::string>());
    }
    view.dtype = dtype->dtype;
    const std::uint64_t bytes = read_shape(name, entry["shape"], view.shape, dtype->size);
    const auto [begin, end] = read_offsets(name, entry["data_offsets"]);
    if (end - begin != bytes) {
      fail(concat("tensor ", name, " has ", end - begin, " bytes, its shape needs ", bytes));
    }
    view.bytes = data_.subspan(begin, end - begin);
    ranges_.emplace_back(begin, end);
    return view;
  }

  std::uint64_t read_shape(const std::string& name, const json& shape,
                           std::vector<std::int64_t>& dimensions, std::uint64_t bytes) const {
    if (!shape.is_array()) fail("tensor " + name + " has a shape that is no list");
    for (const json& dimension : shape) {
      if (!dimension.is_number_unsigned()) fail("tensor " + name + " has a negative dimension");
      const auto size = dimension.get<std::uint64_t>();
      if (size != 0 && bytes > std::numeric_limits<std::int64_t>::max() / size) {
        fail("tensor " + name + " has a shape that overflows");
      }
      bytes *= size;
      dimensions.push_back(static_cast<std::int64_t>(size));
    }
    return bytes;
  }

  std::pair<std::uint64_t, std::uint64_t> read_offsets(const std::string& name,
                                                       const json& offsets) const {
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail("tensor " + name + " has data_offsets that are not two numbers");
    }
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      fail(concat("tensor ", name, " ends at byte ", end, " of ", data_.size(),
                  ": the file is truncated or damaged"));
    }
    return {begin, end};
  }

  /// The tensors must cover the data without overlaps, holes or bytes left over.
  void require_tiling() {
    std::sort(ranges_.begin(), ranges_.end());
    std::uint64_t at = 0;
    for (const auto& [begin, end] : ranges_) {
      if (begin < at) fail(concat("two tensors overlap at byte ", begin));
      if (begin > at) fail(concat("there is a hole at byte ", at));
      at = end;
    }
    if (at != data_.size()) fail(concat(data_.size() - at, " bytes belong to no tensor"));
  }

  const std::filesystem::path& path_;
  std::span<const std::byte> file_, data_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

}  // namespace

std::string dtype_name(DType dtype) {
  return facts(dtype).name;
}
std::size_t dtype_size(DType dtype) {
  return facts(dtype).size;
}

std::int64_t TensorView::elements() const {
  return static_cast<std::int64_t>(bytes.size() / dtype_size(dtype));
}

void TensorView::require_size(std::size_t element_size) const {
  if (element_size != dtype_size(dtype)) {
    throw std::logic_error("a tensor of dtype " + dtype_name(dtype) + " read as another size");
  }
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  HeaderReader(path_, file_.bytes()).read(tensors_, metadata_);
  align();
}

void SafetensorsFile::align() {
  for (auto& [name, view] : tensors_) {
    const auto address = reinterpret_cast<std::uintptr_t>(view.bytes.data());
    if (address % dtype_size(view.dtype) == 0) continue;
    const auto& copy = aligned_copies_.emplace_back(view.bytes.begin(), view.bytes.end());
    view.bytes = copy;
  }
}

const TensorView& SafetensorsFile::tensor(const std::string& name, DType dtype,
                                          std::size_t rank) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw InputError("safetensors file", path_.string(), "has no tensor " + name);
  }
  const TensorView& view = found->second;
  if (view.dtype != dtype || view.shape.size() != rank) {
    throw InputError(
        "safetensors file", path_.string(),
        concat("tensor ", name, " is ", dtype_name(view.dtype), " with ", view.shape.size(),
               " dimensions, expected ", dtype_name(dtype), " with ", rank));
  }
  return view;
}

const std::string& SafetensorsFile::metadata_value(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) {
    throw InputError("safetensors file", path_.string(), "has no metadata " + key);
  }
  return found->second;
}

}  // namespace mien
