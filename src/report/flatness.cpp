// How sharp the minimum is: numbers side by side, a loss surface a run.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

/// Viridis at five places (Smith and van der Walt, 2015): dark to light in steps that also colour
/// blind readers see.
constexpr std::array<std::array<double, 3>, 5> kColours = {
    {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};

std::string colour_of(double share) {
  const double place = std::clamp(share, 0., 1.) * (kColours.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(place), kColours.size() - 2);
  const double rest = place - static_cast<double>(low);
  std::array<int, 3> mixed{};
  for (std::size_t c = 0; c < 3; ++c) {
    mixed[c] =
        static_cast<int>(std::lround(kColours[low][c] * (1 - rest) + kColours[low + 1][c] * rest));
  }
  return concat("fill:rgb(", mixed[0], ",", mixed[1], ",", mixed[2], ")");
}

/// Four digits after the point, or three that say something of a small number.
std::string significant(double value) {
  if (value == 0 || std::abs(value) >= .001) return fixed(value, 4);
  char text[32];
  std::snprintf(text, sizeof text, "%.2e", value);
  return text;
}

std::string surface_chart(const RunFiles& run) {
  const NumberTable& table = run.surface;
  if (!table.has("loss") || !table.has("first") || !table.has("second")) return {};
  const auto &first = table.columns.at("first"), &second = table.columns.at("second"),
             &loss = table.columns.at("loss");
  const double low = *std::ranges::min_element(loss), high = *std::ranges::max_element(loss);
  const double side = std::max(2., std::round(std::sqrt(static_cast<double>(loss.size()))));
  const double half = 1 / (side - 1);
  Plot plot("Loss surface, " + run.name,
            concat("Loss from ", fixed(low, 3), " to ", fixed(high, 3),
                   " over two filter-normalised random directions"),
            {.width = 400, .height = 400, .right = 64},
            {.low = -1 - half, .high = 1 + half, .label = "first direction"},
            {.low = -1 - half, .high = 1 + half, .label = "second direction"});
  const auto share =
      [&](double value) {  // on a logarithmic scale the floor of the valley has colours too
        return high > low && low > 0 ? std::log(value / low) / std::log(high / low)
               : high > low          ? (value - low) / (high - low)
                                     : 0;
      };
  plot.draw_axes();
  for (std::size_t i = 0; i < loss.size(); ++i) {
    plot.rect(
        first[i] - half, second[i] - half, first[i] + half, second[i] + half, "heat",
        concat("loss ", fixed(loss[i], 4), " at ", fixed(first[i], 2), ", ", fixed(second[i], 2)),
        colour_of(share(loss[i])));
  }
  plot.dot(0, 0, 4, "minimum", "the weights of the run");
  constexpr int kSteps = 24;
  for (int i = 0; i < kSteps; ++i) {
    const double from = -1 + 2. * i / kSteps;
    plot.rect(1.06 + half, from, 1.14 + half, from + 2. / kSteps, "heat", "",
              colour_of((i + .5) / kSteps));
  }
  plot.text(1.1 + half, 1.08, fixed(high, 2));
  plot.text(1.1 + half, -1.08, fixed(low, 2));
  return plot.svg();
}

}  // namespace

std::string flatness_section(const Runs& runs) {
  std::vector<std::string> header = {""};
  std::string charts;
  bool any = false;
  for (const ReportRun& run : runs) {
    header.push_back(escaped(run.files.name));
    any = any || run.files.flatness.is_object();
    charts += surface_chart(run.files);
  }
  if (!any) return {};
  HtmlTable table("Sharpness of the minimum, evaluation mode", header);
  const auto row = [&](const std::string& name, const auto& cell_of) {
    std::vector<std::string> cells = {name};
    for (const ReportRun& run : runs)
      cells.push_back(run.files.flatness.is_object() ? cell_of(run.files.flatness) : "–");
    table.add_row(cells);
  };
  const auto number = [](const nlohmann::json& object, const char* place) {
    const auto value = number_at(object, place);
    return value ? significant(*value) : std::string("–");
  };
  const auto with_error = [&](const nlohmann::json& object, const char* place, const char* error) {
    return number(object, place) + " ± " + number(object, error);
  };
  using Json = nlohmann::json;
  row("weights", [&](const Json& f) { return escaped(text_at(f, "/weights")); });
  row("loss", [&](const Json& f) {
    return number(f, "/loss") + " <span class=\"ci\">(" + escaped(text_at(f, "/objective")) +
           ")</span>";
  });
  row("rows", [&](const Json& f) {
    return digits(number_at(f, "/samples"), 0) + " of " + escaped(text_at(f, "/split"));
  });
  row("sharpness along the gradient", [&](const Json& f) {
    return number(f, "/sharpness/ascent") + " at ρ " +
           shortest(number_at(f, "/sharpness/rho").value_or(0));
  });
  row("along random directions", [&](const Json& f) {
    return with_error(f, "/sharpness/random_mean", "/sharpness/random_standard_error");
  });
  row("largest Hessian eigenvalue",
      [&](const Json& f) { return number(f, "/hessian_top_eigenvalue"); });
  row("Hessian trace", [&](const Json& f) {
    return with_error(f, "/hessian_trace", "/hessian_trace_standard_error");
  });
  return section("flatness", "Flatness", table.html() + grid(charts));
}

}  // namespace mien
