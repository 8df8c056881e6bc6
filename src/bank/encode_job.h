// The pipeline: images are loaded ahead, the encoder has its batches, files are written behind.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "background_writer.h"
#include "batch_loader.h"
#include "encode_plan.h"
#include "mien/core/progress.h"
#include "video_record.h"

namespace mien {

/// One run over a plan. Memory is bounded by the batch size and the length of a part, whatever the
/// number of images.
class EncodeJob {
 public:
  /// All must outlive the job.
  EncodeJob(const EncodePlan& plan, const VideoRecipe& recipe, Encoder& encoder,
            std::int64_t workers, Progress& progress);
  ~EncodeJob();

  /// Everything is written when it returns or throws. After Ctrl-C the batches that the encoder
  /// has are finished, and Interrupted is thrown unless they were the last.
  EncodeSummary run();

 private:
  using Clock = std::chrono::steady_clock;

  /// A batch that the encoder has.
  struct UnderWay {
    LoadedBatch batch;
    Clock::time_point start;
    PendingEmbeddings answer;  ///< none for an empty batch
  };

  void encode_all();
  void load_ahead();
  bool may_start() const;
  void start_batch();
  void finish_batch();
  void collect(const LoadedBatch& batch);
  void save(const Piece& piece, VideoRecord content);
  void merge(PartedVideo& video);
  std::string failed_note() const;

  const EncodePlan& plan_;
  const VideoRecipe& recipe_;
  Encoder& encoder_;
  Progress& progress_;
  std::size_t most_under_way_, dim_;
  EncodeSummary summary_;
  BatchCutter cutter_;
  BatchLoader loader_;
  std::deque<UnderWay> under_way_;
  Clock::time_point last_answer_;
  std::vector<float> embeddings_;  ///< [count, D] of the last answer
  std::optional<RecordBuilder> builder_;
  BackgroundWriter writer_;
};

}  // namespace mien
