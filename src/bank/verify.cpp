#include "mien/bank/verify.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "bank_json.h"
#include "mien/core/error.h"
#include "mien/core/interrupt.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFailuresKept = 20;
constexpr const char* kKept = "nothing was changed";

/// The frames of one video that share a problem.
struct FrameTally {
  std::int64_t count = 0;
  std::int64_t first = 0;

  void add(std::int64_t frame) {
    if (count++ == 0) first = frame;
  }
};

/// "3 images have no embedding, the first is frame 17".
std::string tally_text(const FrameTally& tally, const std::string& one, const std::string& many) {
  if (tally.count == 1) return concat("1 ", one, ": frame ", tally.first);
  return concat(with_thousands(tally.count), " ", many, ", the first is frame ", tally.first);
}

/// All values of the row are one. A sign of zero makes no difference.
bool is_constant(std::span<const std::uint16_t> row) {
  if (row.size() < 2) return false;
  return std::ranges::all_of(row, [first = row.front()](std::uint16_t bits) {
    return bits == first || ((bits | first) & 0x7fff) == 0;
  });
}

bool is_temporary(const std::string& name) {
  return name.starts_with('.') &&
         (name.ends_with(".tmp") || name.find(".part-") != std::string::npos);
}

/// The frames that a video's file should speak of: the 1st, K+1st, ... of its images.
std::vector<std::int64_t> sampled(const VideoFrames& images, std::int64_t every) {
  std::vector<std::int64_t> frames;
  for (std::size_t i = 0; i < images.numbers.size(); i += static_cast<std::size_t>(every)) {
    frames.push_back(images.numbers[i]);
  }
  return frames;
}

/// Ascending frames that are in `all` but not in `known`.
template <class All, class Known>
FrameTally difference(const All& all, const Known& known) {
  std::vector<std::int64_t> missing;
  std::ranges::set_difference(all, known, std::back_inserter(missing));
  FrameTally tally;
  for (const std::int64_t frame : missing) tally.add(frame);
  return tally;
}

/// The frames with an embedding and those that failed.
std::vector<std::int64_t> known_frames(const VideoEmbeddings& video) {
  std::vector<std::int64_t> frames(video.frames().begin(), video.frames().end());
  for (const FailedFrame& failed : video.failed()) frames.push_back(failed.frame);
  std::ranges::sort(frames);
  return frames;
}

/// Fills BankFindings file by file.
class BankReader {
 public:
  explicit BankReader(const Bank& bank) : bank_(bank) {
    findings_.videos = std::ssize(bank.videos());
  }

  /// Without `expected`, only headers are read.
  void read(const std::string& name, const BankExpectation* expected) {
    throw_if_interrupted(kKept);
    try {
      const VideoEmbeddings video = bank_.open(name);
      count(name, video);
      if (!video.frames().empty() && video.frames().front() == 0) {
        findings_.videos_from_zero.push_back(name);
      }
      if (expected != nullptr) {
        check_rows(name, video);
        compare(name, video, *expected);
      }
      video.release_pages();
    } catch (const InputError& problem) {
      findings_.unreadable_files.push_back(name + kVideoSuffix);
      findings_.problems.push_back(problem.what());
    }
  }

  void find_missing(const BankExpectation& expected) {
    for (const VideoFrames& video : expected.videos) {
      if (bank_.has(video.name)) continue;
      findings_.missing_videos.push_back(video.name);
      const auto images = static_cast<std::int64_t>(video.numbers.size());
      findings_.problems.push_back(concat(
          video.name, kVideoSuffix, ": there is no such file yet",
          images > 0 ? concat(" for ", with_thousands(images), images == 1 ? " image" : " images")
                     : ""));
    }
  }

  void find_other_entries() {
    std::error_code error;
    fs::directory_iterator entries(bank_.folder(), error);
    if (error) {
      throw InputError("bank", bank_.folder().string(), "cannot be read (" + error.message() + ")");
    }
    for (const auto& entry : entries) {
      const std::string name = entry.path().filename().string();
      if (is_temporary(name)) findings_.temporary_files.push_back(name);
      if (name.starts_with('.') || name.ends_with(kVideoSuffix) || name == kBankFile) continue;
      findings_.foreign_files.push_back(name);
    }
    std::ranges::sort(findings_.temporary_files);
    std::ranges::sort(findings_.foreign_files);
    for (const std::string& name : findings_.foreign_files) {
      findings_.problems.push_back(name + ": is no file of a bank");
    }
  }

  void conclude(const BankExpectation& expected) {
    if (!expected.has_images) return;
    findings_.unread_images = std::ssize(expected.unread);
    if (!expected.unread.empty()) findings_.problems.push_back(unread_text(expected.unread));
    findings_.complete = expected.unread.empty() && findings_.missing_videos.empty() &&
                         findings_.unreadable_files.empty() &&
                         findings_.images_without_embedding == 0;
  }

  BankFindings take() { return std::move(findings_); }

 private:
  void count(const std::string& name, const VideoEmbeddings& video) {
    findings_.frames += std::ssize(video.frames());
    findings_.failed += std::ssize(video.failed());
    for (const FailedFrame& frame : video.failed()) {
      if (findings_.failures.size() == kFailuresKept) break;
      findings_.failures.push_back({name, frame});
    }
  }

  void check_rows(const std::string& name, const VideoEmbeddings& video) {
    FrameTally non_finite, constant;
    for (std::size_t row = 0; row < video.frames().size(); ++row) {
      if (!video.is_finite(row)) {
        non_finite.add(video.frames()[row]);
      } else if (is_constant(video.row(row))) {
        constant.add(video.frames()[row]);
      }
    }
    findings_.non_finite_rows +=
        report(name, non_finite, "embedding is not finite", "embeddings are not finite");
    findings_.constant_rows += report(name, constant, "embedding is one value throughout",
                                      "embeddings are one value throughout");
  }

  void compare(const std::string& name, const VideoEmbeddings& video,
               const BankExpectation& expected) {
    if (video.every() < 1) {
      throw InputError("bank", video_file(bank_.folder(), name).string(),
                       concat("metadata every is ", video.every(), ", expected at least 1"));
    }
    if (!expected.has_images) return;
    const auto images = std::ranges::lower_bound(expected.videos, name, {}, &VideoFrames::name);
    const bool found = images != expected.videos.end() && images->name == name;
    if (!found && expected.is_subset) return;
    const VideoFrames wanted = found ? counted_from_one(*images) : VideoFrames();
    findings_.images_without_embedding +=
        report(name, difference(sampled(wanted, video.every()), known_frames(video)),
               "image has no embedding", "images have no embedding");
    findings_.frames_without_image += report(name, difference(video.frames(), wanted.numbers),
                                             "embedding has no image", "embeddings have no image");
  }

  /// As Bank::open() counts the bank's frames.
  VideoFrames counted_from_one(VideoFrames images) const {
    if (bank_.info().first_frame == 0 && !images.numbered_by_order) {
      for (std::int32_t& number : images.numbers) ++number;
    }
    return images;
  }

  /// A line about the video when there is something to tell; gives the number of frames.
  std::int64_t report(const std::string& name, const FrameTally& tally, const std::string& one,
                      const std::string& many) {
    if (tally.count > 0) {
      findings_.problems.push_back(concat(name, kVideoSuffix, ": ", tally_text(tally, one, many)));
    }
    return tally.count;
  }

  const Bank& bank_;
  BankFindings findings_;
};

}  // namespace

BankFindings read_bank_headers(const Bank& bank) {
  BankReader reader(bank);
  for (const std::string& name : bank.videos()) reader.read(name, nullptr);
  return reader.take();
}

BankFindings verify_bank(const Bank& bank, const BankExpectation& expected) {
  BankReader reader(bank);
  Progress progress("verifying", "videos", std::ssize(bank.videos()));
  for (const std::string& name : bank.videos()) {
    reader.read(name, &expected);
    progress.advance(1);
  }
  reader.find_missing(expected);
  reader.find_other_entries();
  reader.conclude(expected);
  return reader.take();
}

}  // namespace mien
