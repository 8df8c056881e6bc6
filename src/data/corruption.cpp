#include "mien/data/corruption.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <stdexcept>

#include "corruption_blur.h"
#include "corruption_random.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "resampling.h"
#include "rgb_image.h"

namespace mien {
namespace {

using Levels = std::array<double, 5>;
constexpr std::size_t kChannels = 3;
constexpr double kBlurReference = 224;  ///< the side that the blur's lengths are given for

struct KindName {
  CorruptionKind kind;
  const char* name;
};
constexpr std::array<KindName, 7> kKinds = {{{CorruptionKind::kGaussianNoise, "gaussian_noise"},
                                             {CorruptionKind::kMotionBlur, "motion_blur"},
                                             {CorruptionKind::kBrightness, "brightness"},
                                             {CorruptionKind::kContrast, "contrast"},
                                             {CorruptionKind::kJpeg, "jpeg"},
                                             {CorruptionKind::kOcclusion, "occlusion"},
                                             {CorruptionKind::kLowResolution, "low_resolution"}}};

double level(const Levels& levels, int severity) {
  return levels.at(static_cast<std::size_t>(severity - 1));
}

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::nearbyint(value), 0.0, 255.0));
}

void add_noise(Image& image, double deviation, SplitMix random) {
  for (std::uint8_t& value : image.pixels)
    value = to_byte(value + 255 * deviation * random.normal());
}

/// Hue and saturation stay: where V is not 0 all three values grow by one factor; black becomes
/// grey.
void brighten(Image& image, double more) {
  for (std::size_t i = 0; i < image.pixels.size(); i += kChannels) {
    const auto pixel = std::span(image.pixels).subspan(i, kChannels);
    const double v = *std::ranges::max_element(pixel);
    const double brighter = std::min(255.0, v + 255 * more);
    for (std::uint8_t& value : pixel) value = to_byte(v == 0 ? brighter : value * (brighter / v));
  }
}

void flatten(Image& image, double kept) {
  std::array<double, kChannels> means{};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) means[i % kChannels] += image.pixels[i];
  for (double& mean : means) mean /= static_cast<double>(image.pixels.size() / kChannels);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const double mean = means[i % kChannels];
    image.pixels[i] = to_byte((image.pixels[i] - mean) * kept + mean);
  }
}

void through_jpeg(Image& image, int quality) {
  const cv::Mat bgr = bgr_of(image);
  std::vector<std::uint8_t> file;
  cv::imencode(".jpg", bgr, file, {cv::IMWRITE_JPEG_QUALITY, quality});
  const cv::Mat back = cv::imdecode(file, cv::IMREAD_COLOR);
  if (back.size() != bgr.size()) {
    throw std::runtime_error("corrupt: OpenCV cannot read its own JPEG");
  }
  image = rgb_of(back);
}

void occlude(Image& image, double share, SplitMix random) {
  const int side =
      std::clamp(static_cast<int>(std::nearbyint(std::sqrt(share * image.width * image.height))), 1,
                 std::min(image.width, image.height));
  const auto place = [&random](int room) {
    return std::min(room, static_cast<int>(random.uniform() * (room + 1)));
  };
  const int left = place(image.width - side), top = place(image.height - side);
  std::array<std::uint8_t, kChannels> colour;
  for (std::uint8_t& value : colour) value = static_cast<std::uint8_t>(random.next() >> 56);
  for (int y = top; y < top + side; ++y) {
    for (int x = left; x < left + side; ++x) {
      const auto pixel = static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                         static_cast<std::size_t>(x);
      std::ranges::copy(colour, image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * pixel));
    }
  }
}

void lower_resolution(Image& image, double kept) {
  const int small = std::max(1, static_cast<int>(image.width * kept));
  const Image shrunk = resample(image, {small, 0, small}, {small, 0, small}, box_kernel());
  image = resample(shrunk, {image.width, 0, image.width}, {image.height, 0, image.height},
                   box_kernel());
}

void blur(Image& image, int severity, SplitMix random) {
  const double scale = image.width / kBlurReference;
  const double radius = level({10, 15, 15, 15, 20}, severity) * scale;
  const double sigma = level({3, 5, 8, 12, 15}, severity) * scale;
  motion_blur(image, radius, sigma, 90 * random.uniform() - 45);
}

}  // namespace

Corruption corruption_from_text(std::string_view text, const std::string& what) {
  const auto fields = split(text, ':');
  std::vector<std::string> names;
  for (const KindName& kind : kKinds) names.emplace_back(kind.name);
  const auto found = std::ranges::find(names, fields[0]);
  if (found == names.end()) {
    throw InputError(what, std::string(text), "expected KIND:SEVERITY, KIND one of " + join(names),
                     nearest_match(fields[0], names));
  }
  std::int64_t severity = 0;
  if (fields.size() != 2 || !parse_integer(fields[1], severity) || severity < 1 || severity > 5) {
    throw InputError(what, std::string(text),
                     concat("expected ", *found, ":SEVERITY, a severity from 1 to 5"));
  }
  const auto index = static_cast<std::size_t>(found - names.begin());
  return {kKinds[index].kind, static_cast<int>(severity)};
}

std::string corruption_kind_name(CorruptionKind kind) {
  return std::ranges::find(kKinds, kind, &KindName::kind)->name;
}

std::string corruption_text(const Corruption& corruption) {
  return concat(corruption_kind_name(corruption.kind), ":", corruption.severity);
}

std::uint64_t corruption_seed(std::string_view video, std::int64_t frame) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a of the name, mixed with the frame
  for (const char c : video) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return SplitMix(hash ^ SplitMix(static_cast<std::uint64_t>(frame)).next()).next();
}

void corrupt(Image& image, const Corruption& corruption, std::uint64_t seed) {
  if (image.width != image.height || image.width < 1) {
    throw std::invalid_argument("corrupt: expected a square");
  }
  const int severity = corruption.severity;
  // A kind's draws are its own, and those of its severities independent.
  const SplitMix random(seed ^ SplitMix(static_cast<std::uint64_t>(corruption.kind) * 8 +
                                        static_cast<std::uint64_t>(severity))
                                   .next());
  switch (corruption.kind) {
    case CorruptionKind::kGaussianNoise:
      return add_noise(image, level({.08, .12, .18, .26, .38}, severity), random);
    case CorruptionKind::kMotionBlur:
      return blur(image, severity, random);
    case CorruptionKind::kBrightness:
      return brighten(image, level({.1, .2, .3, .4, .5}, severity));
    case CorruptionKind::kContrast:
      return flatten(image, level({.4, .3, .2, .1, .05}, severity));
    case CorruptionKind::kJpeg:
      return through_jpeg(image, static_cast<int>(level({25, 18, 15, 10, 7}, severity)));
    case CorruptionKind::kOcclusion:
      return occlude(image, level({.05, .1, .2, .3, .4}, severity), random);
    case CorruptionKind::kLowResolution:
      return lower_resolution(image, level({.6, .5, .4, .3, .25}, severity));
  }
}

}  // namespace mien
