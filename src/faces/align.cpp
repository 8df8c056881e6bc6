#include "mien/faces/align.h"

#include <algorithm>
#include <cmath>

namespace mien {
namespace {

constexpr double kTemplateSide = 112;
constexpr Landmarks kTemplate = {Point{38.2946, 51.6963}, Point{73.5318, 51.5014},
                                 Point{56.0252, 71.7366}, Point{41.5493, 92.3655},
                                 Point{70.7299, 92.2041}};
/// Where the landmarks usually lie in a frontal box, in its sides.
constexpr Landmarks kInBox = {Point{.31, .40}, Point{.69, .40}, Point{.50, .60}, Point{.35, .79},
                              Point{.65, .79}};
constexpr double kLeastScale = 1e-4;
constexpr int kMostSamples = 16;

Point centre_of(const Landmarks& points) {
  Point sum;
  for (const Point& point : points) {
    sum.x += point.x;
    sum.y += point.y;
  }
  return {sum.x / static_cast<double>(points.size()), sum.y / static_cast<double>(points.size())};
}

Landmarks usual_landmarks(const Box& box) {
  Landmarks points = kInBox;
  for (Point& point : points) {
    point = {box.left + point.x * box.width(), box.top + point.y * box.height()};
  }
  return points;
}

Similarity inverse_of(const Similarity& map) {
  const double square = map.a * map.a + map.b * map.b;
  Similarity inverse{map.a / square, -map.b / square, 0, 0};
  const Point origin = inverse({map.shift_x, map.shift_y});
  inverse.shift_x = -origin.x;
  inverse.shift_y = -origin.y;
  return inverse;
}

/// Adds the bilinear value at `at` to the three sums; pixels outside are black.
void add_sample(const Image& image, const Point& at, std::array<float, 3>& sums) {
  const double floor_x = std::floor(at.x), floor_y = std::floor(at.y);
  if (!(floor_x >= -1 && floor_y >= -1 && floor_x < image.width && floor_y < image.height)) return;
  const int left = static_cast<int>(floor_x), top = static_cast<int>(floor_y);
  const auto right_part = static_cast<float>(at.x - floor_x);
  const auto lower_part = static_cast<float>(at.y - floor_y);
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const int x = left + dx, y = top + dy;
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
      const float weight =
          (dx == 1 ? right_part : 1 - right_part) * (dy == 1 ? lower_part : 1 - lower_part);
      const std::uint8_t* pixel = image.pixels.data() + (static_cast<std::size_t>(y) *
                                                             static_cast<std::size_t>(image.width) +
                                                         static_cast<std::size_t>(x)) *
                                                            3;
      for (std::size_t c = 0; c < 3; ++c) sums[c] += weight * static_cast<float>(pixel[c]);
    }
  }
}

}  // namespace

double Similarity::scale() const {
  return std::hypot(a, b);
}

Landmarks face_template(int size) {
  Landmarks points = kTemplate;
  for (Point& point : points) {
    point = {point.x * size / kTemplateSide, point.y * size / kTemplateSide};
  }
  return points;
}

Similarity fit_similarity(const Landmarks& from, const Landmarks& to) {
  const Point from_centre = centre_of(from), to_centre = centre_of(to);
  double along = 0, across = 0, square = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double x = from[i].x - from_centre.x, y = from[i].y - from_centre.y;
    const double u = to[i].x - to_centre.x, v = to[i].y - to_centre.y;
    along += x * u + y * v;
    across += x * v - y * u;
    square += x * x + y * y;
  }
  Similarity map{0, 0, to_centre.x, to_centre.y};
  if (!(square > 0)) return map;
  map.a = along / square;
  map.b = across / square;
  const Point moved = map(from_centre);
  map.shift_x += to_centre.x - moved.x;
  map.shift_y += to_centre.y - moved.y;
  return map;
}

Similarity crop_similarity(const Detection& face, int size) {
  if (face.landmarks) {
    const Similarity map = fit_similarity(*face.landmarks, face_template(size));
    if (map.scale() > kLeastScale) return map;
  }
  return fit_similarity(usual_landmarks(face.box), face_template(size));
}

Image warp(const Image& image, const Similarity& to_crop, int size) {
  const Similarity to_image = inverse_of(to_crop);
  const double shrink = std::clamp(1 / to_crop.scale(), 1., double{kMostSamples});
  const int samples = static_cast<int>(std::ceil(shrink));
  Image crop{size, size, {}};
  crop.pixels.reserve(static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3);
  const auto count = static_cast<float>(samples * samples);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      std::array<float, 3> sums{};
      for (int i = 0; i < samples * samples; ++i) {
        const double u = x + (i % samples + .5) / samples - .5;
        const double v = y + (i / samples + .5) / samples - .5;
        add_sample(image, to_image({u, v}), sums);
      }
      for (const float sum : sums) {
        crop.pixels.push_back(static_cast<std::uint8_t>(std::lround(sum / count)));
      }
    }
  }
  return crop;
}

}  // namespace mien
