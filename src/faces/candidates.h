// Boxes between the stages of MTCNN, in its own arithmetic (fp32).
#pragma once

#include <array>
#include <vector>

#include "area_resize.h"

namespace mien {

struct Candidate {
  float left = 0, top = 0, right = 0, bottom = 0;
  float score = 0;
  std::array<float, 4> shift{};    ///< of left, top, right, bottom, in widths and heights
  std::array<float, 10> points{};  ///< 5 x, 5 y: of the box, then pixels
};

/// Highest score first; of boxes whose intersection over union exceeds `overlap` the best stays.
/// Areas are without the pixel at the edge.
void keep_best_by_union(std::vector<Candidate>& boxes, float overlap);

/// The same with the intersection over the smaller box, areas with the pixel at the edge.
void keep_best_by_smaller(std::vector<Candidate>& boxes, float overlap);

/// Moves the sides by the shifts; `edge` (0 or 1) is added to width and height.
void apply_shift(Candidate& box, float edge);

/// The square of the longer side around the same centre.
void make_square(Candidate& box);

/// The part inside an image of the size; may be empty. The box counts pixels from 1.
Region pixels_of(const Candidate& box, int width, int height);

}  // namespace mien
