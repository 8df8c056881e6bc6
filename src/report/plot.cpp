#include "plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "html.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// A coordinate: one digit after the point is a tenth of a pixel.
std::string at(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  std::string out = text;
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out == "-0" ? "0" : out;
}

std::string tick_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", std::abs(value) < 1e-12 ? 0. : value);
  return text;
}

constexpr std::size_t kLongestName = 28, kKeptOfTheEnd = 10;

/// A name in <text>.
std::string label(const std::string& name) {
  const std::string shown = shortened(name, kLongestName, kKeptOfTheEnd);
  if (shown == name) return escaped(name);
  return concat("<title>", escaped(name), "</title>", escaped(shown));
}

double share(const Axis& axis, double value) {
  if (axis.logarithmic) {
    const double low = std::log(axis.low);
    return (std::log(std::max(value, axis.low)) - low) / (std::log(axis.high) - low);
  }
  return (value - axis.low) / (axis.high - axis.low);
}

std::vector<double> ticks_of(const Axis& axis, int count) {
  if (!axis.logarithmic) return ticks(axis.low, axis.high, count);
  std::vector<double> powers;
  for (double power = std::floor(std::log10(axis.low)); power <= std::log10(axis.high); ++power) {
    const double value = std::pow(10, power);
    if (value >= axis.low * .999 && value <= axis.high * 1.001) powers.push_back(value);
  }
  return powers.size() > 1 ? powers : std::vector<double>{axis.low, axis.high};
}

}  // namespace

Axis axis_over(const std::vector<double>& values, std::string label) {
  Axis axis{.low = INFINITY, .high = -INFINITY, .label = std::move(label)};
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    axis.low = std::min(axis.low, value);
    axis.high = std::max(axis.high, value);
  }
  if (axis.low > axis.high) axis.low = 0, axis.high = 1;
  double margin = .05 * (axis.high - axis.low);
  if (margin == 0) margin = axis.high == 0 ? 1 : .1 * std::abs(axis.high);
  const bool from_zero = axis.low >= 0 && axis.low < margin * 4;
  axis.low = from_zero ? 0 : axis.low - margin;
  axis.high += margin;
  return axis;
}

std::vector<double> ticks(double low, double high, int count) {
  const double raw = (high - low) / std::max(1, count);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {5., 2.5, 2., 1.}) {
    if (raw <= factor * power * 1.0001) step = factor * power;
  }
  std::vector<double> values;
  for (double value = std::ceil(low / step - 1e-9) * step; value <= high + 1e-9 * step;
       value += step) {
    values.push_back(value);
  }
  return values;
}

double room_for_names(const std::vector<std::string>& names, double least) {
  constexpr double kLetter = 6.2;
  std::size_t longest = 0;
  for (const std::string& name : names) {
    longest = std::max(longest, std::min(name.size(), kLongestName));
  }
  return std::max(least, 12 + kLetter * static_cast<double>(longest));
}

Plot::Plot(std::string title, std::string description, const Size& size, Axis x, Axis y)
    : title_(std::move(title)),
      description_(std::move(description)),
      size_(size),
      x_(std::move(x)),
      y_(std::move(y)) {}

double Plot::px(double x) const {
  return size_.left + share(x_, x) * inner_width();
}

double Plot::py(double y) const {
  return size_.top + (1 - share(y_, y)) * inner_height();
}

void Plot::shape(const std::string& markup, std::string_view hint) {
  if (hint.empty()) {
    body_ += markup + "/>\n";
  } else {
    const std::string tag = markup.substr(1, markup.find(' ') - 1);
    body_ += concat(markup, "><title>", escaped(hint), "</title></", tag, ">\n");
  }
}

void Plot::draw_x_axis() {
  const double bottom = size_.top + inner_height();
  for (const double value : ticks_of(x_, static_cast<int>(inner_width() / 60))) {
    body_ +=
        concat("<line class=\"rule\" x1=\"", at(px(value)), "\" x2=\"", at(px(value)), "\" y1=\"",
               at(size_.top), "\" y2=\"", at(bottom), "\"/>\n<text x=\"", at(px(value)), "\" y=\"",
               at(bottom + 14), "\" text-anchor=\"middle\">", tick_text(value), "</text>\n");
  }
  if (!x_.label.empty()) {
    body_ += concat("<text class=\"label\" x=\"", at(size_.left + inner_width() / 2), "\" y=\"",
                    at(bottom + 30), "\" text-anchor=\"middle\">", escaped(x_.label), "</text>\n");
  }
}

void Plot::draw_axes() {
  draw_x_axis();
  const double right = size_.left + inner_width(), bottom = size_.top + inner_height();
  for (const double value : ticks_of(y_, static_cast<int>(inner_height() / 36))) {
    body_ += concat("<line class=\"rule\" x1=\"", at(size_.left), "\" x2=\"", at(right), "\" y1=\"",
                    at(py(value)), "\" y2=\"", at(py(value)), "\"/>\n<text x=\"",
                    at(size_.left - 5), "\" y=\"", at(py(value) + 4), "\" text-anchor=\"end\">",
                    tick_text(value), "</text>\n");
  }
  body_ += concat("<path class=\"axis\" d=\"M", at(size_.left), " ", at(size_.top), "V", at(bottom),
                  "H", at(right), "\"/>\n");
  if (!y_.label.empty()) {
    body_ += concat("<text class=\"label\" transform=\"translate(11 ",
                    at(size_.top + inner_height() / 2), ") rotate(-90)\" text-anchor=\"middle\">",
                    escaped(y_.label), "</text>\n");
  }
}

void Plot::name_rows(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    body_ += concat("<text x=\"", at(size_.left - 6), "\" y=\"", at(py(static_cast<double>(i)) + 4),
                    "\" text-anchor=\"end\">", label(names[i]), "</text>\n");
  }
}

void Plot::name_columns(const std::vector<std::string>& names) {
  const double bottom = size_.top + inner_height() + 8;
  for (std::size_t i = 0; i < names.size(); ++i) {
    body_ +=
        concat("<text transform=\"translate(", at(px(static_cast<double>(i)) + 4), " ", at(bottom),
               ") rotate(-50)\" text-anchor=\"end\">", label(names[i]), "</text>\n");
  }
}

void Plot::line(const Points& points, std::string_view css, std::string_view hint) {
  std::string path;
  bool pen_is_down = false;
  for (const auto& [x, y] : points) {
    if (!std::isfinite(x) || !std::isfinite(y)) {
      pen_is_down = false;
      continue;
    }
    path += concat(pen_is_down ? "L" : "M", at(px(x)), " ", at(py(y)));
    pen_is_down = true;
  }
  if (!path.empty()) shape(concat("<path class=\"line ", css, "\" d=\"", path, "\""), hint);
}

void Plot::area(const Points& outline, std::string_view css, std::string_view hint) {
  std::string path;
  for (const auto& [x, y] : outline) {
    path += concat(path.empty() ? "M" : "L", at(px(x)), " ", at(py(y)));
  }
  if (!path.empty()) shape(concat("<path class=\"", css, "\" d=\"", path, "Z\""), hint);
}

void Plot::dot(double x, double y, double radius, std::string_view css, std::string_view hint) {
  shape(concat("<circle class=\"", css, "\" cx=\"", at(px(x)), "\" cy=\"", at(py(y)), "\" r=\"",
               at(radius), "\""),
        hint);
}

void Plot::rect(double x0, double y0, double x1, double y1, std::string_view css,
                std::string_view hint, std::string_view style) {
  const double left = std::min(px(x0), px(x1)), top = std::min(py(y0), py(y1));
  shape(concat("<rect class=\"", css, "\" x=\"", at(left), "\" y=\"", at(top), "\" width=\"",
               at(std::abs(px(x1) - px(x0))), "\" height=\"", at(std::abs(py(y1) - py(y0))), "\"",
               style.empty() ? "" : concat(" style=\"", style, "\"")),
        hint);
}

void Plot::text(double x, double y, std::string_view words, std::string_view css,
                std::string_view anchor) {
  body_ += concat("<text class=\"", css, "\" x=\"", at(px(x)), "\" y=\"", at(py(y) + 4),
                  "\" text-anchor=\"", anchor, "\">", escaped(words), "</text>\n");
}

std::string Plot::svg(std::string_view css) const {
  return concat("<svg class=\"", css, "\" role=\"img\" tabindex=\"0\" viewBox=\"0 0 ",
                at(size_.width), " ", at(size_.height), "\" aria-label=\"", escaped(title_), ". ",
                escaped(description_), "\">\n<text class=\"title\" x=\"4\" y=\"14\">",
                escaped(title_), "</text>\n", body_, "</svg>\n");
}

}  // namespace mien
