#include "mien/core/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mien/core/json_text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr std::size_t kAlignment = 8;

/// Wide elements first, then by name, as the format's own writer does: every tensor is aligned.
std::vector<TensorPlan> in_file_order(std::vector<TensorPlan> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorPlan& a, const TensorPlan& b) {
    const std::size_t size_a = dtype_size(a.dtype), size_b = dtype_size(b.dtype);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
  return tensors;
}

std::string header_text(const std::vector<TensorPlan>& tensors, const Metadata& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const TensorPlan& tensor : tensors) {
    header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + tensor.bytes()}}};
    at += tensor.bytes();
  }
  std::string text = json_text(header);
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

}  // namespace

std::uint64_t TensorPlan::bytes() const {
  std::uint64_t count = dtype_size(dtype);
  for (const std::int64_t size : shape) count *= static_cast<std::uint64_t>(size);
  return count;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorPlan> tensors, const Metadata& metadata)
    : file_(path), tensors_(in_file_order(std::move(tensors))) {
  const std::string header = header_text(tensors_, metadata);
  const std::uint64_t length = header.size();
  file_.stream().write(reinterpret_cast<const char*>(&length), sizeof(length));
  file_.stream().write(header.data(), static_cast<std::streamsize>(header.size()));
}

void SafetensorsWriter::append(const std::string& tensor, std::span<const std::byte> bytes) {
  while (at_ < tensors_.size() && tensors_[at_].name != tensor &&
         in_tensor_ == tensors_[at_].bytes()) {
    ++at_;
    in_tensor_ = 0;
  }
  if (at_ == tensors_.size() || tensors_[at_].name != tensor ||
      bytes.size() > tensors_[at_].bytes() - in_tensor_) {
    throw std::logic_error("bytes of tensor " + tensor + " that are not due in its file");
  }
  file_.stream().write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
  in_tensor_ += bytes.size();
}

void SafetensorsWriter::require_complete() {
  for (; at_ < tensors_.size(); ++at_, in_tensor_ = 0) {
    if (in_tensor_ != tensors_[at_].bytes()) {
      throw std::logic_error("tensor " + tensors_[at_].name + " lacks bytes in its file");
    }
  }
}

void SafetensorsWriter::commit() {
  require_complete();
  file_.commit();
}

SafetensorsFile SafetensorsWriter::commit_and_open() {
  require_complete();
  SafetensorsFile written(file_.finish());
  file_.commit();
  return written;
}

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const Metadata& metadata) {
  std::vector<TensorPlan> plans;
  for (const auto& [name, view] : tensors) plans.push_back({name, view.dtype, view.shape});
  SafetensorsWriter writer(path, std::move(plans), metadata);
  for (const TensorPlan& plan : writer.tensors()) {
    writer.append(plan.name, tensors.at(plan.name).bytes);
  }
  writer.commit();
}

}  // namespace mien
