#include "video/picture.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <cmath>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "mien/core/text.h"

namespace mien {
namespace {

constexpr int kHighDefinition = 720;  ///< lines from which BT.709 is the custom
constexpr double kOddestPixel = 8;    ///< a pixel that is wider or taller is a damaged header's
constexpr int kLargestSide = 32'768;

/// Formats whose name says full range are read as their twins with the range set.
int plain_format(int format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    default:
      return format;
  }
}

bool is_coded_by_matrix(int format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return description != nullptr && (description->flags & AV_PIX_FMT_FLAG_RGB) == 0 &&
         description->nb_components >= 3;
}

int shown_width(int width, AVRational pixel_shape) {
  if (pixel_shape.num <= 0 || pixel_shape.den <= 0) return width;
  const double ratio = av_q2d(pixel_shape);
  if (ratio > kOddestPixel || ratio < 1 / kOddestPixel) return width;
  return std::max(1, static_cast<int>(width * ratio + 1e-9));  // as ffmpeg's iw*sar
}

Image turned(const Image& stored, const Orientation2d& orientation) {
  const cv::Mat from(stored.height, stored.width, CV_8UC3,
                     const_cast<std::uint8_t*>(stored.pixels.data()));
  Image shown{orientation.transpose ? stored.height : stored.width,
              orientation.transpose ? stored.width : stored.height,
              std::vector<std::uint8_t>(stored.pixels.size())};
  cv::Mat to(shown.height, shown.width, CV_8UC3, shown.pixels.data());
  if (orientation.transpose) {
    cv::transpose(from, to);
  } else {
    from.copyTo(to);
  }
  if (orientation.flip_horizontally) cv::flip(to, to, 1);
  if (orientation.flip_vertically) cv::flip(to, to, 0);
  return shown;
}

}  // namespace

Orientation2d orientation_of(const std::int32_t* matrix) {
  const auto [a, b, c, d] = std::array{matrix[0], matrix[1], matrix[3], matrix[4]};
  const bool is_turned = std::abs(std::int64_t{b}) + std::abs(std::int64_t{c}) >
                         std::abs(std::int64_t{a}) + std::abs(std::int64_t{d});
  if (is_turned) return {.transpose = true, .flip_horizontally = c < 0, .flip_vertically = b < 0};
  return {.transpose = false, .flip_horizontally = a < 0, .flip_vertically = d < 0};
}

PictureMaker::Key PictureMaker::key_of(const AVFrame& frame, AVRational pixel_shape) {
  Key key{.width = frame.width,
          .height = frame.height,
          .format = plain_format(frame.format),
          .shown_width = shown_width(frame.width, pixel_shape),
          .colours = frame.colorspace};
  key.full_range = frame.color_range == AVCOL_RANGE_JPEG || key.format != frame.format;
  const bool unsaid = key.colours == AVCOL_SPC_UNSPECIFIED || key.colours == AVCOL_SPC_RESERVED;
  if (unsaid && is_coded_by_matrix(key.format)) {
    guessed_colours_ = true;
    key.colours = frame.height >= kHighDefinition ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  }
  return key;
}

void PictureMaker::make_scaler(const Key& key) {
  scaler_.reset(sws_getContext(key.width, key.height, static_cast<AVPixelFormat>(key.format),
                               key.shown_width, key.height, AV_PIX_FMT_RGB24, SWS_BICUBIC, nullptr,
                               nullptr, nullptr));
  if (!scaler_) throw ImageError("has a pixel format that cannot be shown");
  // The numbers of AVColorSpace are those that swscale takes; it falls back by itself.
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(key.colours), key.full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  key_ = key;
}

Image PictureMaker::picture(const AVFrame& frame, const Orientation2d& orientation,
                            AVRational pixel_shape) {
  if (frame.width < 1 || frame.height < 1 || frame.width > kLargestSide ||
      frame.height > kLargestSide) {
    throw ImageError(concat("has the size ", frame.width, " x ", frame.height));
  }
  const Key key = key_of(frame, pixel_shape);
  if (!scaler_ || !(key == key_)) make_scaler(key);
  // swscale writes whole blocks: rows of its own alignment, copied without it.
  const int stride = (3 * key.shown_width + 63) / 64 * 64;
  std::vector<std::uint8_t> rows(
      static_cast<std::size_t>(stride) * static_cast<std::size_t>(key.height) + 64);
  std::uint8_t* const planes[4] = {rows.data()};
  const int strides[4] = {stride};
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, key.height, planes, strides) !=
      key.height) {
    throw ImageError("cannot be converted to RGB");
  }
  Image image{key.shown_width, key.height, {}};
  image.pixels.resize(static_cast<std::size_t>(image.width) *
                      static_cast<std::size_t>(image.height) * 3);
  const auto row_bytes = static_cast<std::size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(rows.data() + static_cast<std::ptrdiff_t>(y) * stride, row_bytes,
                image.pixels.data() + static_cast<std::size_t>(y) * row_bytes);
  }
  return orientation == Orientation2d() ? image : turned(image, orientation);
}

}  // namespace mien
