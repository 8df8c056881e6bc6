#include "mien/data/canvas.h"

#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace mien {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kCapitalHeight = 21;  ///< pixels at scale 1

cv::Mat view_of(Image& image) {
  return {image.height, image.width, CV_8UC3, image.pixels.data()};
}

cv::Scalar scalar_of(const Colour& colour) {
  return {double(colour[0]), double(colour[1]), double(colour[2])};
}

cv::Rect rectangle_of(const Box& box, const cv::Mat& picture) {
  const auto left = static_cast<int>(std::lround(box.left));
  const auto top = static_cast<int>(std::lround(box.top));
  const cv::Rect wanted(left, top, static_cast<int>(std::lround(box.right)) - left,
                        static_cast<int>(std::lround(box.bottom)) - top);
  return wanted & cv::Rect(0, 0, picture.cols, picture.rows);
}

}  // namespace

void Canvas::outline(const Box& box, const Colour& colour, int thickness) {
  cv::Mat picture = view_of(image_);
  cv::rectangle(picture, {static_cast<int>(box.left), static_cast<int>(box.top)},
                {static_cast<int>(box.right), static_cast<int>(box.bottom)}, scalar_of(colour),
                thickness, cv::LINE_AA);
}

void Canvas::fill(const Box& box, const Colour& colour) {
  cv::Mat picture = view_of(image_);
  picture(rectangle_of(box, picture)).setTo(scalar_of(colour));
}

void Canvas::darken(const Box& box, double share) {
  cv::Mat picture = view_of(image_);
  cv::Mat part = picture(rectangle_of(box, picture));
  part.convertTo(part, -1, 1 - share, 0);
}

void Canvas::text(const std::string& text, const Point& at, double height, const Colour& colour) {
  cv::Mat picture = view_of(image_);
  const cv::Point where(static_cast<int>(at.x), static_cast<int>(at.y));
  const int thickness = std::max(1, int(height / 12));
  const auto write = [&](const cv::Scalar& ink, int width) {
    cv::putText(picture, text, where, kFont, height / kCapitalHeight, ink, width, cv::LINE_AA);
  };
  write(cv::Scalar(0, 0, 0), thickness + 2);  // an edge: it is read on any picture
  write(scalar_of(colour), thickness);
}

}  // namespace mien
