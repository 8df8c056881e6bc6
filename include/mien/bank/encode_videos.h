// Crops of many videos -> a bank.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/corruption.h"
#include "mien/data/image_roots.h"
#include "mien/encoder/encoder.h"

namespace mien {

/// The encoder has `threads` threads of its own, the reading of images `workers` others of lower
/// priority.
struct EncodeOptions {
  std::int64_t batch_size = 0;  ///< images a forward pass; 0: the bank's, or the encoder's choice
  std::int64_t workers = 0;     ///< threads that read, decode, resize; 0: half the processors
  std::int64_t threads = 0;     ///< of the encoder; 0: the bank's, those available for a new one
  std::string dtype = "auto";   ///< Encoder::dtype_name(), or "auto": the bank's
  std::int64_t every = 1;       ///< recorded with each video
  bool photos = false;          ///< of the whole bank: its images are no film
  bool retry_failed = false;    ///< encode videos with failed frames anew
  bool force = false;           ///< encode every video anew
  /// For bank.json, see BankInfo::first_frame; none: the bank's, 1 for a new one.
  std::optional<std::int64_t> first_frame = {};
  /// Of every image, after it was resized and cropped to the encoder's square; of the whole bank.
  std::optional<Corruption> corruption = {};
  std::int64_t part_frames = 10'000;  ///< longer videos are encoded in parts of about this length
};

/// A video that cannot have a file in the bank.
struct UnusableVideo {
  std::string video, reason;
};

struct EncodeSummary {
  std::int64_t videos = 0;          ///< files written
  std::int64_t skipped_videos = 0;  ///< that were there before
  std::int64_t frames = 0;          ///< embeddings made by this run
  std::int64_t failed = 0;          ///< images recorded as failed by this run
  std::int64_t not_finite = 0;      ///< of those: their embedding is not finite
  double seconds = 0;               ///< reading, encoding and writing; without loading the encoder
  double encoder_seconds = 0;       ///< that a batch was with the encoder
  double waiting_seconds = 0;       ///< that the encoder had nothing to do: no images were ready
  std::vector<UnusableVideo> unusable;  ///< not encoded
};

/// Encodes what the bank lacks, video by video; a video's file appears when it is complete. A bad
/// image is recorded in it and never ends the job. Batches are cut from a video's full list of
/// frames (a failed image keeps its slot), so the same bytes come out however often the job is cut.
/// A video longer than `part_frames` is kept in parts, hidden files of the bank's folder, until it
/// is complete: a later run goes on after the last whole part.
/// Settles the bank first (settle_bank.h). A video whose file the file system cannot name is warned
/// of and left out. Throws InputError when the bank was made by another encoder, way of computing
/// or
/// `--every`, or when no video can be used or no embedding is finite, and Interrupted after Ctrl-C
/// (finished videos and parts are kept).
EncodeSummary encode_videos(const std::vector<VideoFrames>& videos, Encoder& encoder,
                            const std::filesystem::path& bank, const EncodeOptions& options,
                            const std::vector<std::string>& sources);

}  // namespace mien
