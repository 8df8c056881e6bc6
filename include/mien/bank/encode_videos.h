// Crops of many videos -> a bank.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mien/data/image_roots.h"
#include "mien/encoder/encoder.h"

namespace mien {

struct EncodeOptions {
  std::int64_t batch_size = 0;  ///< images a forward pass; 0: the bank's, 16 for a new one
  std::int64_t workers = 1;     ///< threads that read, decode and resize
  std::int64_t threads = 0;     ///< of the encoder; 0: the bank's, those available for a new one
  std::int64_t every = 1;       ///< recorded with each video
  bool retry_failed = false;    ///< encode videos with failed frames anew
  bool force = false;           ///< encode every video anew
};

struct EncodeSummary {
  std::int64_t videos = 0;          ///< files written
  std::int64_t skipped_videos = 0;  ///< that were there before
  std::int64_t frames = 0;          ///< embeddings written
  std::int64_t failed = 0;          ///< images recorded as failed
  double seconds = 0;               ///< reading, encoding and writing; without loading the encoder
  double encoder_seconds = 0;       ///< inside Encoder::encode
};

/// Encodes what the bank lacks, video by video; a video's file appears when it is complete. A bad
/// image is recorded in it and never ends the job. Batches are cut from a video's full list of
/// frames (a failed image keeps its slot), so the same bytes come out however often the job is cut.
/// Batch size and threads are fixed for a bank by its first run, as both can touch the last bits.
/// Throws InputError when the bank was made by another encoder, batch size, number of threads or
/// `--every`, and Interrupted after Ctrl-C (finished videos are kept).
EncodeSummary encode_videos(const std::vector<VideoFrames>& videos, Encoder& encoder,
                            const std::filesystem::path& bank, const EncodeOptions& options,
                            const std::vector<std::string>& sources);

}  // namespace mien
