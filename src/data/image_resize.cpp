#include <algorithm>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/crop_weights.h"
#include "mien/data/image.h"
#include "resampling.h"

namespace mien {
namespace {

/// torchvision's length of the long side, in its order of operations.
std::int64_t long_side(int size, int short_input, int long_input) {
  return static_cast<std::int64_t>(static_cast<double>(std::int64_t{size} * long_input) /
                                   static_cast<double>(short_input));
}

/// The middle `count` of `size` pixels; an odd rest is halved half to even, as Python rounds.
OutputSpan middle(std::int64_t size, int count) {
  const std::int64_t rest = size - count;
  const std::int64_t half = rest / 2;
  return {size, rest % 2 == 0 ? half : half + half % 2, count};
}

struct CropSpans {
  OutputSpan columns, rows;
};

/// The middle square of the image whose short side has become `size`.
CropSpans crop_spans(int width, int height, int size) {
  const std::int64_t longer = long_side(size, std::min(width, height), std::max(width, height));
  const bool portrait = width <= height;
  return {middle(portrait ? size : longer, size), middle(portrait ? longer : size, size)};
}

void require_pixels(const Image& image, int width, int height) {
  if (image.width < 1 || image.height < 1 || width < 1 || height < 1) {
    throw std::invalid_argument("resize: a side without pixels");
  }
}

}  // namespace

ResizeFilter resize_filter_from_name(const std::string& name, const std::string& what) {
  if (name == "bicubic") return ResizeFilter::kBicubic;
  if (name == "bilinear") return ResizeFilter::kBilinear;
  throw InputError(what, name, "expected bicubic or bilinear",
                   nearest_match(name, {"bicubic", "bilinear"}));
}

std::string resize_filter_name(ResizeFilter filter) {
  return filter == ResizeFilter::kBicubic ? "bicubic" : "bilinear";
}

Image resize(const Image& image, int width, int height, ResizeFilter filter) {
  require_pixels(image, width, height);
  return resample(image, {width, 0, width}, {height, 0, height}, kernel_of(filter));
}

Image resize_and_crop(const Image& image, int size, ResizeFilter filter) {
  require_pixels(image, size, size);
  const CropSpans spans = crop_spans(image.width, image.height, size);
  return resample(image, spans.columns, spans.rows, kernel_of(filter));
}

CropWeights crop_weights(int width, int height, int size, ResizeFilter filter) {
  const CropSpans spans = crop_spans(width, height, size);
  const ResamplingKernel kernel = kernel_of(filter);
  return {axis_weights(width, spans.columns, kernel), axis_weights(height, spans.rows, kernel)};
}

}  // namespace mien
