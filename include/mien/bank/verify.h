// Is a bank whole, and does it hold what its images promise?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/data/image_roots.h"

namespace mien {

/// What a bank is held against.
struct BankExpectation {
  std::vector<VideoFrames> videos;            ///< byte order; all frames, whatever a file's `every`
  bool has_images = false;                    ///< false: only the names of `videos` are known
  bool is_subset = false;                     ///< other videos in the bank are expected elsewhere
  std::vector<std::filesystem::path> unread;  ///< lie among the images and have no embedding
  std::vector<std::string> sources_missing;   ///< image roots that are gone or empty
};

/// The videos in the roots that bank.json names. Without images when one of the roots is gone, or
/// when all are empty (a disk that is not mounted): the data moved, which is no fault of the bank.
BankExpectation expect_sources(const std::vector<std::string>& sources, bool photos = false);

/// The videos in `roots`; `photos` as the bank has it. Throws InputError (naming --images) as
/// list_videos() does.
BankExpectation expect_images(const std::vector<std::string>& roots, bool photos = false);

/// Expects these videos only. A name without images in the roots is expected all the same.
void restrict_to(BankExpectation& expected, std::vector<std::string> names);

struct BankFailure {
  std::string video;
  FailedFrame frame;
};

/// What is in a bank. The second half is found by verify_bank() only.
struct BankFindings {
  std::int64_t videos = 0, frames = 0, failed = 0;
  std::vector<BankFailure> failures;  ///< the first of them
  std::vector<std::string>
      problems;  ///< a line a kind and video: "102.safetensors: ..."; empty: valid
  std::vector<std::string> unreadable_files;

  /// Every image has an embedding or a recorded failure, and none is of a format that is not read;
  /// unknown without images.
  std::optional<bool> complete;
  std::vector<std::string> videos_from_zero;  ///< have a frame 0, where labels begin at 1
  std::int64_t unread_images = 0;
  std::vector<std::string> missing_videos;   ///< expected, without a file
  std::vector<std::string> foreign_files;    ///< entries of the folder that are no part of a bank
  std::vector<std::string> temporary_files;  ///< of runs under way or killed; harmless
  std::int64_t images_without_embedding = 0, frames_without_image = 0;
  std::int64_t non_finite_rows = 0, constant_rows = 0;
};

/// Opens every file. Throws Interrupted after Ctrl-C.
BankFindings read_bank_headers(const Bank& bank);

/// Reads every byte, one video at a time, and compares frames with images. Recorded failures and
/// left-over temporaries are no problems. Throws Interrupted after Ctrl-C.
BankFindings verify_bank(const Bank& bank, const BankExpectation& expected);

}  // namespace mien
