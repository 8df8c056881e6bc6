#include "candidates.h"

#include <algorithm>
#include <cmath>

namespace mien {
namespace {

float area(const Candidate& box, float edge) {
  return (box.right - box.left + edge) * (box.bottom - box.top + edge);
}

float intersection(const Candidate& a, const Candidate& b, float edge) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left) + edge;
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top) + edge;
  return std::max(0.f, width) * std::max(0.f, height);
}

template <class Overlaps>
void keep_best(std::vector<Candidate>& boxes, Overlaps overlaps) {
  std::ranges::stable_sort(boxes, [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<Candidate> kept;
  for (const Candidate& box : boxes) {
    const auto covers = [&](const Candidate& better) { return overlaps(better, box); };
    if (std::ranges::none_of(kept, covers)) kept.push_back(box);
  }
  boxes = std::move(kept);
}

}  // namespace

void keep_best_by_union(std::vector<Candidate>& boxes, float overlap) {
  keep_best(boxes, [overlap](const Candidate& a, const Candidate& b) {
    const float shared = intersection(a, b, 0);
    return shared / (area(a, 0) + area(b, 0) - shared) > overlap;
  });
}

void keep_best_by_smaller(std::vector<Candidate>& boxes, float overlap) {
  keep_best(boxes, [overlap](const Candidate& a, const Candidate& b) {
    return intersection(a, b, 1) / std::min(area(a, 1), area(b, 1)) > overlap;
  });
}

void apply_shift(Candidate& box, float edge) {
  const float width = box.right - box.left + edge;
  const float height = box.bottom - box.top + edge;
  box.left += box.shift[0] * width;
  box.top += box.shift[1] * height;
  box.right += box.shift[2] * width;
  box.bottom += box.shift[3] * height;
}

void make_square(Candidate& box) {
  const float width = box.right - box.left;
  const float height = box.bottom - box.top;
  const float side = std::max(width, height);
  box.left = box.left + width * .5f - side * .5f;
  box.top = box.top + height * .5f - side * .5f;
  box.right = box.left + side;
  box.bottom = box.top + side;
}

Region pixels_of(const Candidate& box, int width, int height) {
  static constexpr float kFar = 1e6f;
  const auto whole = [](float value) {
    return static_cast<int>(std::trunc(std::clamp(value, -kFar, kFar)));
  };
  return {std::max(whole(box.left), 1) - 1, std::max(whole(box.top), 1) - 1,
          std::min(whole(box.right), width), std::min(whole(box.bottom), height)};
}

}  // namespace mien
