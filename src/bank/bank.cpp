#include "mien/bank/bank.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "bank_json.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "video_metadata.h"

namespace mien {
namespace fs = std::filesystem;

VideoEmbeddings::VideoEmbeddings(SafetensorsFile opened, std::int64_t embedding_dim)
    : file_(std::move(opened)) {
  const fs::path& file = file_.path();
  const TensorView& frames = file_.tensor("frames", DType::kI32, 1);
  const TensorView& embeddings = file_.tensor("embeddings", DType::kF16, 2);
  if (embeddings.shape[0] != frames.shape[0] || embeddings.shape[1] != embedding_dim) {
    throw InputError("bank", file.string(),
                     concat("embeddings [", embeddings.shape[0], ", ", embeddings.shape[1],
                            "], expected [", frames.shape[0], ", ", embedding_dim, "]"));
  }
  frames_ = frames.as<std::int32_t>();
  embeddings_ = embeddings.as<std::uint16_t>();
  for (std::size_t i = 1; i < frames_.size(); ++i) {
    if (frames_[i] <= frames_[i - 1]) {
      throw InputError("bank", file.string(),
                       concat("frame ", frames_[i], " follows frame ", frames_[i - 1],
                              ", expected ascending frames"));
    }
  }
  failed_ = failed_of(metadata(), file);
  if (metadata().contains("every") && !parse_integer(metadata().at("every"), every_)) {
    throw InputError("bank", file.string(), "metadata every is no whole number");
  }
}

void VideoEmbeddings::count_from_one() {
  counted_.assign(frames_.begin(), frames_.end());
  if (!counted_.empty() && counted_.back() == std::numeric_limits<std::int32_t>::max()) {
    throw InputError("bank", file_.path().string(),
                     concat("frame ", counted_.back(), " is the last that can be counted"));
  }
  for (std::int32_t& frame : counted_) ++frame;
  for (FailedFrame& failed : failed_) ++failed.frame;
  frames_ = counted_;
}

std::span<const std::uint16_t> VideoEmbeddings::row(std::size_t index) const {
  const std::size_t dim = embeddings_.size() / frames_.size();
  return embeddings_.subspan(index * dim, dim);
}

bool VideoEmbeddings::is_finite(std::size_t index) const {
  return std::ranges::all_of(row(index), half_is_finite);
}

void VideoEmbeddings::require_finite() const {
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (is_finite(i)) continue;
    throw InputError("bank", file_.path().string(),
                     concat("frame ", frames_[i],
                            " has a value that is not finite; expected finite embeddings (encode "
                            "the video anew)"));
  }
}

std::map<std::int32_t, std::string> VideoEmbeddings::names() const {
  std::map<std::int32_t, std::string> names;
  try {
    const nlohmann::json list = names_of(metadata());
    for (const auto& [number, name] : list.items()) {
      std::int64_t frame = 0;
      if (!parse_integer(number, frame)) throw std::invalid_argument(number);
      names[static_cast<std::int32_t>(frame)] = name.get<std::string>();
    }
  } catch (const std::exception&) {
    throw InputError("bank", file_.path().string(), "metadata names is no list of file names");
  }
  return names;
}

void require_clean(const Bank& bank, const std::string& what) {
  if (!bank.info().corruption) return;
  throw InputError(
      what, bank.folder().string(),
      "holds images corrupted by " + corruption_text(*bank.info().corruption) +
          ", expected a bank without --corrupt (mien evaluate measures by such banks)");
}

bool is_bank(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / kBankFile, ignored);
}

fs::path video_file(const fs::path& folder, const std::string& video) {
  return folder / (video + kVideoSuffix);
}

Bank::Bank(fs::path folder) : folder_(std::move(folder)) {
  require_exists(folder_, "bank", "a folder that mien encode made");
  if (!is_bank(folder_)) {
    throw InputError("bank", folder_.string(), "expected a folder with bank.json (mien encode)");
  }
  info_ = read_bank_info(folder_);
  std::error_code error;
  fs::directory_iterator entries(folder_, error);
  if (error) throw InputError("bank", folder_.string(), "cannot be read (" + error.message() + ")");
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && name.ends_with(kVideoSuffix)) {
      videos_.push_back(name.substr(0, name.size() - std::string_view(kVideoSuffix).size()));
    }
  }
  std::sort(videos_.begin(), videos_.end());
}

bool Bank::has(const std::string& video) const {
  return std::binary_search(videos_.begin(), videos_.end(), video);
}

Bank::Bank(const std::vector<Bank>& banks) : Bank(banks.front()) {
  for (std::size_t i = 1; i < banks.size(); ++i) {
    const Bank& other = banks[i];
    if (other.info().encoder.file_sha256 != info_.encoder.file_sha256 ||
        other.info().encoder.embedding_dim != info_.encoder.embedding_dim) {
      throw InputError(
          "bank", other.folder().string(),
          concat("was made by ", other.info().encoder.name, ", expected the encoder of ",
                 folder_.string(), ", ", info_.encoder.name));
    }
    if (other.info().corruption) info_.corruption = other.info().corruption;
    std::vector<std::string> both, all;
    std::ranges::set_intersection(videos_, other.videos_, std::back_inserter(both));
    if (!both.empty()) {
      throw InputError("bank", other.folder().string(),
                       concat("has the video ", both.front(), ", as ", folder_.string(),
                              " has; expected different names in banks that are joined"));
    }
    std::ranges::merge(videos_, other.videos_, std::back_inserter(all));
    videos_ = std::move(all);
    others_.push_back(other);
  }
}

Bank open_bank(const std::string& path) {
  std::error_code ignored;
  if (path.find(':') == std::string::npos || fs::exists(path, ignored)) return Bank(path);
  std::vector<Bank> banks;
  for (const std::string_view part : split(path, ':')) banks.emplace_back(std::string(part));
  return Bank(banks);
}

VideoEmbeddings Bank::open(const std::string& video) const {
  for (const Bank& other : others_) {
    if (other.has(video)) return other.open(video);
  }
  VideoEmbeddings opened(video_file(folder_, video), info_.encoder.embedding_dim);
  if (info_.first_frame == 0 && opened.is_film()) opened.count_from_one();
  return opened;
}

std::string Bank::state_digest() const {
  Sha256 digest;
  digest.update(json_text(to_json(info_.encoder)));
  if (info_.first_frame != 1) digest.update(concat("first_frame ", info_.first_frame));
  if (info_.corruption) digest.update(corruption_text(*info_.corruption));
  for (const Bank& other : others_) digest.update(other.state_digest());
  for (const std::string& video : videos_) {
    const fs::path file = video_file(folder_, video);
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;
    digest.update(concat("\n", video, " ", fs::file_size(file, ignored), " ",
                         fs::last_write_time(file, ignored).time_since_epoch().count()));
  }
  return digest.hex();
}

void write_video(const fs::path& folder, const std::string& video, const VideoRecord& record,
                 std::int64_t embedding_dim) {
  const auto rows = static_cast<std::int64_t>(record.frames.size());
  TensorMap tensors;
  tensors["embeddings"] = view_of(DType::kF16, {rows, embedding_dim}, record.embeddings);
  tensors["frames"] = view_of(DType::kI32, {rows}, record.frames);
  write_safetensors(video_file(folder, video), tensors,
                    video_metadata(record.failed, record.every, names_json(record)));
}

}  // namespace mien
