#include "corruption_blur.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mien {
namespace {

struct Tap {
  int x = 0, y = 0;
  float weight = 0;
};

std::vector<Tap> taps_of(double radius, double sigma, double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const auto width = static_cast<std::size_t>(2 * std::ceil(radius) + 1);
  std::vector<double> weights(width);
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const auto distance = static_cast<double>(i);
    sum += weights[i] = std::exp(-distance * distance / (2 * sigma * sigma));
  }
  std::vector<Tap> taps;
  for (std::size_t i = 0; i < width; ++i) {
    const auto distance = static_cast<double>(i);
    taps.push_back({static_cast<int>(std::ceil(distance * std::cos(angle) - .5)),
                    static_cast<int>(std::ceil(distance * std::sin(angle) - .5)),
                    static_cast<float>(weights[i] / sum)});
  }
  return taps;
}

}  // namespace

void motion_blur(Image& image, double radius, double sigma, double degrees) {
  const std::vector<Tap> taps = taps_of(radius, sigma, degrees);
  const std::vector<std::uint8_t> source = image.pixels;
  const auto at = [&](int x, int y) {
    x = std::clamp(x, 0, image.width - 1);
    y = std::clamp(y, 0, image.height - 1);
    return source.data() +
           3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                static_cast<std::size_t>(x));
  };
  std::uint8_t* out = image.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, out += 3) {
      float red = 0, green = 0, blue = 0;
      for (const Tap& tap : taps) {
        const std::uint8_t* pixel = at(x + tap.x, y + tap.y);
        red += tap.weight * static_cast<float>(pixel[0]);
        green += tap.weight * static_cast<float>(pixel[1]);
        blue += tap.weight * static_cast<float>(pixel[2]);
      }
      out[0] = static_cast<std::uint8_t>(std::min(255.0F, red + .5F));
      out[1] = static_cast<std::uint8_t>(std::min(255.0F, green + .5F));
      out[2] = static_cast<std::uint8_t>(std::min(255.0F, blue + .5F));
    }
  }
}

}  // namespace mien
