#include "plot.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mien {
namespace {

TEST(PlotTest, TicksAreRoundAndInside) {
  EXPECT_EQ(ticks(0, 1, 5).size(), 6U);
  EXPECT_NEAR(ticks(0, 1, 5)[1], .2, 1e-12);
  for (const double scale : {1e-6, .03, 1., 7., 12345., 4e9}) {
    for (const int count : {1, 3, 6, 10}) {
      const auto values = ticks(-scale, 2 * scale, count);
      ASSERT_GE(values.size(), 1U);
      EXPECT_LE(values.size(), static_cast<std::size_t>(3 * count + 2));
      EXPECT_GE(values.front(), -scale * (1 + 1e-9));
      EXPECT_LE(values.back(), 2 * scale * (1 + 1e-9));
    }
  }
}

TEST(PlotTest, AnAxisHoldsItsFiniteValuesAndIsNeverEmpty) {
  const Axis axis = axis_over({3, NAN, 7, INFINITY}, "loss");
  EXPECT_LT(axis.low, 3);
  EXPECT_GT(axis.high, 7);
  EXPECT_EQ(axis_over({.1, 5}, "").low, 0);
  for (const auto& values : {std::vector<double>{}, {NAN}, {0}, {5}, {-2, -2}}) {
    const Axis same = axis_over(values, "");
    EXPECT_LT(same.low, same.high);
    EXPECT_TRUE(std::isfinite(same.low) && std::isfinite(same.high));
  }
}

Plot unit_plot(const std::string& title = "title") {
  return {title,
          "what it shows",
          {.width = 120, .height = 120, .left = 10, .right = 10, .top = 10, .bottom = 10},
          {.low = 0, .high = 1},
          {.low = 0, .high = 1}};
}

TEST(PlotTest, PlacesPointsWithYUpwards) {
  Plot plot = unit_plot();
  plot.line({{0, 0}, {1, 1}, {.5, .25}}, "s0");
  EXPECT_NE(plot.svg().find("d=\"M10 110L110 10L60 85\""), std::string::npos) << plot.svg();
}

TEST(PlotTest, ALineIsCutWhereAValueIsMissing) {
  Plot plot = unit_plot();
  plot.line({{0, 0}, {.5, NAN}, {1, 1}}, "s0");
  EXPECT_NE(plot.svg().find("d=\"M10 110M110 10\""), std::string::npos);
  Plot empty = unit_plot();
  empty.line({{NAN, NAN}}, "s0");
  EXPECT_EQ(empty.svg().find("<path"), std::string::npos);
}

TEST(PlotTest, ARectangleHasPositiveSidesWhateverTheOrderOfItsCorners) {
  Plot plot = unit_plot();
  plot.rect(1, 1, 0, .5, "bar");
  EXPECT_NE(plot.svg().find("x=\"10\" y=\"10\" width=\"100\" height=\"50\""), std::string::npos);
}

TEST(PlotTest, LogarithmicAxesSpaceDecadesEvenly) {
  Plot plot("t", "",
            {.width = 120, .height = 120, .left = 10, .right = 10, .top = 10, .bottom = 10},
            {.low = 0, .high = 1}, {.low = .01, .high = 1, .logarithmic = true});
  plot.line({{0, .01}, {.5, .1}, {1, 1}}, "s0");
  EXPECT_NE(plot.svg().find("d=\"M10 110L60 60L110 10\""), std::string::npos);
}

TEST(PlotTest, IsFocusableHasANameAndEscapesIt) {
  Plot plot = unit_plot("a < b");
  plot.text(.5, .5, "x & y");
  plot.dot(.5, .5, 3, "s0", "<hint>");
  const std::string svg = plot.svg();
  EXPECT_NE(svg.find("role=\"img\" tabindex=\"0\""), std::string::npos);
  EXPECT_NE(svg.find("aria-label=\"a &lt; b. what it shows\""), std::string::npos);
  EXPECT_NE(svg.find("x &amp; y"), std::string::npos);
  EXPECT_NE(svg.find("<title>&lt;hint&gt;</title></circle>"), std::string::npos);
}

}  // namespace
}  // namespace mien
