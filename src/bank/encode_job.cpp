#include "encode_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "mien/core/interrupt.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::size_t kLoadedAhead = 2;  ///< batches, besides one for each that may be started
constexpr std::size_t kMostWaitingFiles = 2;

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

/// A corrupted image is a square, whoever resizes the others.
ImageRecipe images_for(const Encoder& encoder, const std::optional<Corruption>& corruption) {
  return {encoder.info().image_size, encoder.info().resize, encoder.resizes() && !corruption,
          corruption};
}

}  // namespace

EncodeJob::EncodeJob(const EncodePlan& plan, const VideoRecipe& recipe, Encoder& encoder,
                     std::int64_t workers, Progress& progress)
    : plan_(plan),
      recipe_(recipe),
      encoder_(encoder),
      progress_(progress),
      most_under_way_(static_cast<std::size_t>(std::max(1, encoder.batches_under_way()))),
      dim_(static_cast<std::size_t>(recipe.encoder.embedding_dim)),
      cutter_(plan.pieces, static_cast<std::size_t>(recipe.compute.batch_size)),
      loader_(workers, images_for(encoder, recipe.corruption)),
      writer_(kMostWaitingFiles) {}

EncodeJob::~EncodeJob() {
  for (UnderWay& entry : under_way_) {  // the encoder may still read the images
    if (!entry.answer) continue;
    embeddings_.resize(entry.batch.slice.count * dim_);
    try {
      entry.answer(embeddings_);
    } catch (...) {  // another error is on its way already
    }
  }
}

EncodeSummary EncodeJob::run() {
  const auto start = Clock::now();
  for (PartedVideo* video : plan_.complete) merge(*video);
  encode_all();
  writer_.finish();
  if (!cutter_.at_end() || loader_.batches() > 0) throw_if_interrupted(kKeptWork);
  summary_.seconds = seconds(Clock::now() - start);
  return summary_;
}

void EncodeJob::encode_all() {
  while (true) {
    if (!interrupt_requested()) load_ahead();
    if (may_start()) {
      start_batch();
    } else if (!under_way_.empty()) {
      finish_batch();
    } else {
      return;
    }
  }
}

void EncodeJob::load_ahead() {
  while (!cutter_.at_end() && loader_.batches() < most_under_way_ + kLoadedAhead) {
    loader_.start(cutter_.next());
  }
}

/// An idle encoder waits for images, a busy one is asked for its answers meanwhile.
bool EncodeJob::may_start() const {
  if (interrupt_requested() || under_way_.size() == most_under_way_) return false;
  return under_way_.empty() ? loader_.batches() > 0 : loader_.is_ready();
}

void EncodeJob::start_batch() {
  const bool is_idle = under_way_.empty();
  const auto before = Clock::now();
  UnderWay& entry = under_way_.emplace_back(UnderWay{loader_.take(), {}, {}});
  entry.start = Clock::now();
  if (is_idle) summary_.waiting_seconds += seconds(entry.start - before);
  if (entry.batch.slice.count > 0) entry.answer = encoder_.start(entry.batch.images);
}

void EncodeJob::finish_batch() {
  UnderWay& oldest = under_way_.front();
  const std::size_t count = oldest.batch.slice.count;
  embeddings_.resize(count * dim_);
  if (const PendingEmbeddings answer = std::exchange(oldest.answer, {})) answer(embeddings_);
  const auto now = Clock::now();
  summary_.encoder_seconds += seconds(now - std::max(oldest.start, last_answer_));
  last_answer_ = now;
  collect(oldest.batch);
  under_way_.pop_front();
}

void EncodeJob::collect(const LoadedBatch& batch) {
  const Piece& piece = *batch.slice.piece;
  if (!builder_) builder_.emplace(piece, recipe_.every, dim_);
  builder_->add(batch, embeddings_);
  progress_.advance(static_cast<std::int64_t>(batch.slice.count), failed_note());
  if (!batch.slice.is_last) return;
  save(piece, builder_->take());
  builder_.reset();
}

void EncodeJob::save(const Piece& piece, VideoRecord content) {
  summary_.frames += static_cast<std::int64_t>(content.frames.size());
  summary_.failed += static_cast<std::int64_t>(content.failed.size());
  summary_.not_finite += std::ranges::count(content.failed, kNotFinite, &FailedFrame::reason);
  const auto record = std::make_shared<const VideoRecord>(std::move(content));
  if (piece.parted == nullptr) {
    ++summary_.videos;
    writer_.add([this, &piece, record] {
      write_video(recipe_.bank, piece.video->name, *record, recipe_.encoder.embedding_dim);
    });
    return;
  }
  writer_.add([&piece, record] { piece.parted->write(piece.part, *record); });
  const bool is_last = &piece == &plan_.pieces.back() || (&piece + 1)->video != piece.video;
  if (is_last) merge(*piece.parted);
}

void EncodeJob::merge(PartedVideo& video) {
  ++summary_.videos;
  summary_.failed += static_cast<std::int64_t>(video.frames().rejected.size());
  writer_.add([&video] { video.merge(); });
}

std::string EncodeJob::failed_note() const {
  const auto failed = summary_.failed + static_cast<std::int64_t>(builder_->record().failed.size());
  return failed > 0 ? concat(with_thousands(failed), " failed") : "";
}

}  // namespace mien
