// One chart as inline SVG: text stays text, colours come from the page's style sheet, so that it
// follows light and dark and prints.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien {

struct Axis {
  double low = 0, high = 1;
  std::string label;
  bool logarithmic = false;  ///< low > 0
};

/// An axis over finite `values`, a little wider than they are; [0, 1] without any.
Axis axis_over(const std::vector<double>& values, std::string label);

/// Round numbers in [low, high], about `count` of them.
std::vector<double> ticks(double low, double high, int count);

/// The space that name_rows() takes: as `size.left`, and at least that much.
double room_for_names(const std::vector<std::string>& names, double least);

using Points = std::vector<std::pair<double, double>>;

/// Coordinates are the data's. `css` names classes of the style sheet: "s0" ... "s6" for the
/// colours of the runs, "dash" for a broken line, "muted" for what is beside the point.
class Plot {
 public:
  struct Size {
    double width = 400, height = 260, left = 52, right = 12, top = 26, bottom = 40;
  };

  /// `description` is read out to who cannot see the chart.
  Plot(std::string title, std::string description, const Size& size, Axis x, Axis y);

  /// Lines, ticks and labels of both axes.
  void draw_axes();
  void draw_x_axis();
  /// Names in place of numbers down the left side, at y = 0, 1, ..., and below; long ones are
  /// shortened, and shown whole by the pointer.
  void name_rows(const std::vector<std::string>& names);
  void name_columns(const std::vector<std::string>& names);

  /// Cut where a value is not finite. `hint` is shown by the pointer.
  void line(const Points& points, std::string_view css, std::string_view hint = {});
  void area(const Points& outline, std::string_view css, std::string_view hint = {});
  void dot(double x, double y, double radius, std::string_view css, std::string_view hint = {});
  void rect(double x0, double y0, double x1, double y1, std::string_view css,
            std::string_view hint = {}, std::string_view style = {});
  /// `anchor`: start, middle or end.
  void text(double x, double y, std::string_view words, std::string_view css = "",
            std::string_view anchor = "middle");

  /// Pixels of the plotting area, and where a value of x falls.
  double inner_width() const { return size_.width - size_.left - size_.right; }
  double inner_height() const { return size_.height - size_.top - size_.bottom; }

  /// A focusable figure.
  std::string svg(std::string_view css = "chart") const;

 private:
  double px(double x) const;
  double py(double y) const;
  void shape(const std::string& markup, std::string_view hint);

  std::string title_, description_;
  Size size_;
  Axis x_, y_;
  std::string body_;
};

}  // namespace mien
