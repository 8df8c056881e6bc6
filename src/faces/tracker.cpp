#include "mien/faces/tracker.h"

#include <algorithm>
#include <cmath>

namespace mien {
namespace {

constexpr int kGrid = 16;
constexpr double kOverlap = .25;        ///< intersection over union that may go on
constexpr double kNotAnother = .35;     ///< likeness below is somebody else in the same place
constexpr double kSameAfterGap = .6;    ///< in the same place, but not in the frame before
constexpr double kSameElsewhere = .85;  ///< wherever it is
constexpr double kSizes = 2.5;          ///< at most this ratio of two sides
constexpr float kMemoryOfLook = .7f;

double intersection_over_union(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.area() + b.area() - width * height);
}

void make_unit(Appearance& look) {
  double square = 0;
  for (const float value : look) square += double{value} * value;
  if (!(square > 0)) return;
  const auto factor = static_cast<float>(1 / std::sqrt(square));
  for (float& value : look) value *= factor;
}

}  // namespace

Appearance appearance_of(const Image& crop) {
  Appearance look(static_cast<std::size_t>(kGrid * kGrid * 3));
  for (int y = 0; y < crop.height; ++y) {
    for (int x = 0; x < crop.width; ++x) {
      const int cell = y * kGrid / crop.height * kGrid + x * kGrid / crop.width;
      const std::uint8_t* pixel =
          crop.pixels.data() + (static_cast<std::size_t>(y) * static_cast<std::size_t>(crop.width) +
                                static_cast<std::size_t>(x)) *
                                   3;
      for (int c = 0; c < 3; ++c) look[static_cast<std::size_t>(cell * 3 + c)] += pixel[c];
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    float mean = 0;
    for (std::size_t i = c; i < look.size(); i += 3) mean += look[i];
    mean /= static_cast<float>(kGrid * kGrid);
    for (std::size_t i = c; i < look.size(); i += 3) look[i] -= mean;
  }
  make_unit(look);
  return look;
}

double likeness(const Appearance& a, const Appearance& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

double FaceTracker::fit(const Track& track, const SeenFace& face) const {
  const double overlap = intersection_over_union(track.box, face.box);
  const double alike = likeness(track.look, face.look);
  const bool was_just_here = track.last_step + 1 == step_;
  const bool in_place =
      overlap >= kOverlap && alike >= (was_just_here ? kNotAnother : kSameAfterGap);
  const double ratio = std::sqrt(face.box.area() / track.box.area());
  const bool elsewhere = alike >= kSameElsewhere && ratio <= kSizes && ratio >= 1 / kSizes;
  return in_place || elsewhere ? 1 + overlap + alike : 0;
}

void FaceTracker::update(Track& track, std::int64_t frame, const SeenFace& face) const {
  track.last_frame = frame;
  track.last_step = step_;
  track.box = face.box;
  for (std::size_t i = 0; i < track.look.size(); ++i) {
    track.look[i] = kMemoryOfLook * track.look[i] + (1 - kMemoryOfLook) * face.look[i];
  }
  make_unit(track.look);
}

std::vector<std::int64_t> FaceTracker::follow(std::int64_t frame,
                                              const std::vector<SeenFace>& faces) {
  ++step_;
  std::erase_if(tracks_, [&](const Track& track) {
    return frame - track.last_frame > memory_ && track.last_step + 1 != step_;
  });
  struct Pair {
    double fit;
    std::size_t track, face;
  };
  std::vector<Pair> pairs;
  for (std::size_t t = 0; t < tracks_.size(); ++t) {
    for (std::size_t f = 0; f < faces.size(); ++f) {
      const double how_well = fit(tracks_[t], faces[f]);
      if (how_well > 0) pairs.push_back({how_well, t, f});
    }
  }
  std::ranges::stable_sort(pairs, [](const Pair& a, const Pair& b) { return a.fit > b.fit; });
  std::vector<std::int64_t> ids(faces.size(), 0);
  for (const Pair& pair : pairs) {
    Track& track = tracks_[pair.track];
    if (track.last_step == step_ || ids[pair.face] != 0) continue;
    update(track, frame, faces[pair.face]);
    ids[pair.face] = track.id;
  }
  for (std::size_t f = 0; f < faces.size(); ++f) {
    if (ids[f] != 0) continue;
    ids[f] = ++last_id_;
    tracks_.push_back({last_id_, frame, step_, faces[f].box, faces[f].look});
  }
  return ids;
}

}  // namespace mien
