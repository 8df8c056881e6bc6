// Who is who from frame to frame.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/data/face_detector.h"
#include "mien/data/image.h"

namespace mien {

/// What an aligned crop looks like: 16 x 16 averages of each colour, each colour's mean taken off,
/// of length 1. The product of two is their likeness, at most 1.
using Appearance = std::vector<float>;
Appearance appearance_of(const Image& crop);
double likeness(const Appearance& a, const Appearance& b);

struct SeenFace {
  Box box;
  Appearance look;
};

/// Gives faces the ids of those before them. A face goes on when its box overlaps and it does not
/// look wholly different (a cut may put somebody else in the same place), or when it has moved or
/// was away and looks much the same. Pairs are settled best first; who fits nobody is new. Ids
/// count from 1 in the order of appearance, in one frame the largest first. Whoever has not been
/// seen for `memory` frames is forgotten, so what is kept does not grow with the video.
class FaceTracker {
 public:
  explicit FaceTracker(std::int64_t memory) : memory_(memory) {}

  /// One id a face. Frames in ascending order.
  std::vector<std::int64_t> follow(std::int64_t frame, const std::vector<SeenFace>& faces);

 private:
  struct Track {
    std::int64_t id = 0;
    std::int64_t last_frame = 0, last_step = 0;
    Box box;
    Appearance look;
  };

  /// How well the face continues the track; 0: not at all.
  double fit(const Track& track, const SeenFace& face) const;
  void update(Track& track, std::int64_t frame, const SeenFace& face) const;

  std::int64_t memory_, step_ = 0, last_id_ = 0;
  std::vector<Track> tracks_;
};

}  // namespace mien
