#include "clip/clip_pass.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "mien/bank/bank.h"
#include "mien/core/interrupt.h"

namespace mien {
namespace {

/// Gathers crops until a batch is full.
class CropBatches {
 public:
  CropBatches(Encoder& encoder, const RowScorer& scorer, Clip& clip)
      : encoder_(encoder),
        scorer_(scorer),
        clip_(clip),
        batch_(encoder.preferred_batch_size(), encoder.info().image_size) {}

  /// A face of the clip's last frame.
  void add(const TrackedFace& face) {
    const EncoderInfo& info = encoder_.info();
    const Image crop = resize_and_crop(face.crop, static_cast<int>(info.image_size), info.resize);
    std::ranges::copy(crop.pixels, batch_.image(std::ssize(waiting_)).begin());
    waiting_.push_back({clip_.frames.size() - 1, face.id});
    if (std::ssize(waiting_) == batch_.count) flush();
  }

  void flush() {
    if (waiting_.empty()) return;
    const std::int64_t count = std::ssize(waiting_), side = encoder_.info().image_size;
    ImageBatch part;
    if (count < batch_.count) {
      part = ImageBatch(count, side);
      std::copy_n(batch_.pixels.begin(), part.pixels.size(), part.pixels.begin());
    }
    std::vector<float> embeddings(static_cast<std::size_t>(count * encoder_.info().embedding_dim));
    encoder_.encode(count < batch_.count ? part : batch_, embeddings);
    const std::vector<std::uint16_t> rows = settled(embeddings);
    if (!rows.empty()) give_out(scorer_.logits(rows));
    waiting_.clear();
  }

 private:
  struct Waiting {
    std::size_t frame;  ///< index in the clip
    std::int64_t id;
  };

  /// The finite rows in half precision; who has another one waits no more.
  std::vector<std::uint16_t> settled(const std::vector<float>& embeddings) {
    const auto dim = static_cast<std::size_t>(encoder_.info().embedding_dim);
    std::vector<std::uint16_t> rows;
    std::vector<Waiting> kept;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const std::size_t before = rows.size();
      std::ranges::transform(std::span(embeddings).subspan(i * dim, dim), std::back_inserter(rows),
                             half_from_float);
      if (std::ranges::all_of(std::span(rows).subspan(before), half_is_finite)) {
        kept.push_back(waiting_[i]);
        continue;
      }
      rows.resize(before);
      auto& faces = clip_.frames[waiting_[i].frame].faces;
      std::ranges::find(faces, waiting_[i].id, &ClipFace::id)->problem = "embedding is not finite";
    }
    waiting_ = std::move(kept);
    return rows;
  }

  void give_out(const std::map<Task, std::vector<float>>& logits) {
    for (std::size_t row = 0; row < waiting_.size(); ++row) {
      ClipPerson& person = clip_.people[waiting_[row].id];
      person.frames.push_back(clip_.frames[waiting_[row].frame].number);
      for (const auto& [task, values] : logits) {
        const auto columns = static_cast<std::ptrdiff_t>(score_columns(task));
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row) * columns;
        person.logits[task].insert(person.logits[task].end(), begin, begin + columns);
      }
    }
  }

  Encoder& encoder_;
  const RowScorer& scorer_;
  Clip& clip_;
  ImageBatch batch_;
  std::vector<Waiting> waiting_;
};

ClipFrame kept_of(const FaceFrame& frame) {
  ClipFrame kept{.number = static_cast<std::int32_t>(frame.frame.number),
                 .seconds = frame.frame.seconds,
                 .problem = frame.frame.problem,
                 .faces = {}};
  for (const TrackedFace& face : frame.faces) {
    kept.faces.push_back({face.id, face.detection.box});
  }
  return kept;
}

}  // namespace

Clip look_through(FrameSource& source, const ClipPass& pass,
                  const std::function<void()>& on_frame) {
  Clip clip;
  CropBatches batches(pass.encoder, pass.scorer, clip);
  stream_faces(source, pass.detector, pass.stream, [&](FaceFrame& frame) {
    clip.frames.push_back(kept_of(frame));
    if (clip.width == 0) {
      clip.width = frame.frame.image.width;
      clip.height = frame.frame.image.height;
    }
    for (const TrackedFace& face : frame.faces) {
      clip.areas[face.id] += face.detection.box.area();
      batches.add(face);
    }
    on_frame();
  });
  throw_if_interrupted("predictions are kept only when they are complete");
  batches.flush();
  return clip;
}

}  // namespace mien
