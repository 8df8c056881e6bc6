#include "parted_video.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bank_json.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/safetensors_writer.h"
#include "mien/core/text.h"
#include "video_metadata.h"
#include "video_record.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
constexpr const char* kContentKey = "part";
constexpr std::string_view kPartMark = ".part-";

std::vector<TensorPlan> tensors_of(std::size_t rows, std::int64_t dim) {
  const auto n = static_cast<std::int64_t>(rows);
  return {{"embeddings", DType::kF16, {n, dim}}, {"frames", DType::kI32, {n}}};
}

/// Of the numbers and names of some frames, and of the folder that they are in.
std::string digest_of(const VideoFrames& video, std::size_t first, std::size_t count) {
  Sha256 digest;
  digest.update(video.folder.string());
  for (std::size_t i = first; i < first + count; ++i) {
    digest.update(concat("\n", video.numbers[i], " ", video.files[i]));
  }
  return digest.hex();
}

/// The video that a file holds a part of; empty for other files.
std::string video_of_part(std::string_view name) {
  const std::string_view suffix(kVideoSuffix);
  const std::size_t mark = name.rfind(kPartMark);
  if (!name.starts_with('.') || !name.ends_with(suffix) || mark == std::string_view::npos) {
    return {};
  }
  const std::size_t number = mark + kPartMark.size();
  std::int64_t part = 0;
  if (number + suffix.size() >= name.size() ||
      !parse_integer(name.substr(number, name.size() - suffix.size() - number), part)) {
    return {};
  }
  return std::string(name.substr(1, mark - 1));
}

}  // namespace

PartedVideo::PartedVideo(const VideoFrames& video, const VideoRecipe& recipe,
                         std::size_t part_frames)
    : video_(video),
      recipe_(recipe),
      part_frames_(part_frames),
      parts_((video.numbers.size() + part_frames - 1) / part_frames) {}

Piece PartedVideo::piece(std::size_t part) {
  const std::size_t first = part * part_frames_;
  return {&video_, first, std::min(part_frames_, video_.numbers.size() - first), this, part};
}

fs::path PartedVideo::file(std::size_t part) const {
  return recipe_.bank / concat(".", video_.name, kPartMark, part, kVideoSuffix);
}

/// Two parts of one content are the same part.
std::string PartedVideo::content(std::size_t part) const {
  const std::size_t first = part * part_frames_;
  const std::size_t count = std::min(part_frames_, video_.numbers.size() - first);
  const EncoderInfo& encoder = recipe_.encoder;
  const BankCompute& compute = recipe_.compute;
  return json_text(
      {{"first", first},
       {"count", count},
       {"frames_sha256", digest_of(video_, first, count)},
       {"every", recipe_.every},
       {"encoder_sha256", encoder.file_sha256},
       {"preprocessing",
        {encoder.image_size, encoder.mean, encoder.std, resize_filter_name(encoder.resize)}},
       {"compute", {compute.dtype, compute.path, compute.batch_size, compute.threads}}});
}

bool PartedVideo::adopt(std::size_t part, bool only_whole) {
  std::error_code ignored;
  if (!fs::exists(file(part), ignored)) return false;
  try {
    auto found = std::make_unique<VideoEmbeddings>(file(part), recipe_.encoder.embedding_dim);
    const auto said = found->metadata().find(kContentKey);
    if (said == found->metadata().end() || said->second != content(part)) return false;
    if (only_whole && !found->failed().empty()) return false;
    found->release_pages();
    parts_[part] = std::move(found);
    return true;
  } catch (const InputError& problem) {
    log::debug(concat("not used: ", problem.what()));
    return false;
  }
}

void PartedVideo::write(std::size_t part, const VideoRecord& record) {
  const std::int64_t dim = recipe_.encoder.embedding_dim;
  Metadata metadata = video_metadata(record.failed, recipe_.every, names_json(record));
  metadata[kContentKey] = content(part);
  SafetensorsWriter writer(file(part), tensors_of(record.frames.size(), dim), metadata);
  writer.append("frames", std::as_bytes(std::span(record.frames)));
  writer.append("embeddings", std::as_bytes(std::span(record.embeddings)));
  parts_[part] = std::make_unique<VideoEmbeddings>(writer.commit_and_open(), dim);
  parts_[part]->release_pages();
}

Metadata PartedVideo::merged_metadata() const {
  std::vector<FailedFrame> failed = rejected_frames(video_);
  json names = video_.numbered_by_order ? json::object() : json();
  for (const auto& part : parts_) {
    failed.insert(failed.end(), part->failed().begin(), part->failed().end());
    if (video_.numbered_by_order) names.update(names_of(part->metadata()));
  }
  return video_metadata(std::move(failed), recipe_.every, names);
}

void PartedVideo::merge() {
  std::size_t rows = 0;
  for (const auto& part : parts_) rows += part->frames().size();
  SafetensorsWriter writer(video_file(recipe_.bank, video_.name),
                           tensors_of(rows, recipe_.encoder.embedding_dim), merged_metadata());
  for (const auto& part : parts_) writer.append("frames", std::as_bytes(part->frames()));
  for (const auto& part : parts_) {
    writer.append("embeddings", std::as_bytes(part->embeddings()));
    part->release_pages();
  }
  writer.commit();
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    std::error_code ignored;
    fs::remove(file(part), ignored);
    parts_[part].reset();
  }
}

std::map<std::string, std::vector<fs::path>> part_files(const fs::path& bank) {
  std::map<std::string, std::vector<fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator at(bank, error), end; at != end; at.increment(error)) {
    const std::string video = video_of_part(at->path().filename().string());
    if (!video.empty()) files[video].push_back(at->path());
  }
  return files;
}

}  // namespace mien
