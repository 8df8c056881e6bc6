#include "mien/data/face_detector.h"

#include <algorithm>

namespace mien {

void sort_by_size(std::vector<Detection>& faces) {
  std::ranges::stable_sort(faces, [](const Detection& a, const Detection& b) {
    return a.box.area() != b.box.area() ? a.box.area() > b.box.area() : a.box.left < b.box.left;
  });
}

}  // namespace mien
