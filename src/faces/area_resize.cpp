#include "area_resize.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mien {
namespace {

struct Window {
  int begin = 0, end = 0;

  int size() const { return end - begin; }
};

Window window(int index, int outputs, int inputs) {
  const std::int64_t first = std::int64_t{index} * inputs / outputs;
  const std::int64_t last = (std::int64_t{index + 1} * inputs + outputs - 1) / outputs;
  return {static_cast<int>(first), static_cast<int>(last)};
}

/// The rows of the window, added up.
void add_rows(const Image& image, const Region& region, Window rows,
              std::vector<std::uint32_t>& sums) {
  std::fill(sums.begin(), sums.end(), 0U);
  for (int y = region.top + rows.begin; y < region.top + rows.end; ++y) {
    const std::uint8_t* row =
        image.pixels.data() + (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                               static_cast<std::size_t>(region.left)) *
                                  3;
    std::uint32_t* sum = sums.data();
    for (std::size_t i = 0; i < sums.size(); ++i) sum[i] += row[i];
  }
}

}  // namespace

void area_resize(const Image& image, const Region& region, int height, int width,
                 std::span<float> planes) {
  const auto plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  std::vector<std::uint32_t> sums(static_cast<std::size_t>(region.width()) * 3);
  std::vector<Window> columns;
  for (int x = 0; x < width; ++x) columns.push_back(window(x, width, region.width()));
  for (int y = 0; y < height; ++y) {
    const Window rows = window(y, height, region.height());
    add_rows(image, region, rows, sums);
    float* out = planes.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    for (std::size_t x = 0; x < columns.size(); ++x) {
      std::uint32_t red = 0, green = 0, blue = 0;
      const std::uint32_t* pixel = sums.data() + static_cast<std::size_t>(columns[x].begin) * 3;
      for (int i = 0; i < columns[x].size(); ++i, pixel += 3) {
        red += pixel[0];
        green += pixel[1];
        blue += pixel[2];
      }
      const auto count = static_cast<float>(rows.size() * columns[x].size());
      out[x] = (static_cast<float>(red) / count - 127.5f) * 0.0078125f;
      out[plane + x] = (static_cast<float>(green) / count - 127.5f) * 0.0078125f;
      out[2 * plane + x] = (static_cast<float>(blue) / count - 127.5f) * 0.0078125f;
    }
  }
}

}  // namespace mien
