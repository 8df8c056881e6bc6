#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "mien/bank/bank.h"

namespace mien {
namespace {

/// IEEE 754 binary16 by its definition.
double value_of(std::uint16_t bits) {
  const double sign = bits & 0x8000 ? -1 : 1;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  }
  return exponent == 0 ? sign * std::ldexp(fraction, -24)
                       : sign * std::ldexp(1024 + fraction, exponent - 25);
}

/// The nearest multiple of binary16's spacing at `value`, ties to even, by exact arithmetic.
double rounded(double value) {
  const int exponent = value == 0 ? -14 : std::max(-14, std::ilogb(value));
  const double nearest =
      std::ldexp(std::nearbyint(std::ldexp(value, 10 - exponent)), exponent - 10);
  return std::abs(nearest) > 65504 ? std::copysign(std::numeric_limits<double>::infinity(), value)
                                   : nearest;
}

TEST(Half, EveryBitPatternHasTheStandardsValue) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double expected = value_of(half);
    const float found = float_from_half(half);
    EXPECT_EQ(half_is_finite(half), std::isfinite(expected)) << bits;
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << bits;
      continue;
    }
    EXPECT_EQ(found, expected) << bits;
    EXPECT_EQ(std::signbit(found), std::signbit(expected)) << bits;
    EXPECT_EQ(half_from_float(found), half) << "a half survives the way through float";
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  std::mt19937 random(4);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(value_of(half_from_float(value)), rounded(value)) << value;
  }
}

TEST(Half, RoundsTheMiddleBetweenNeighboursToEven) {
  for (std::uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const double middle = (value_of(bits) + value_of(static_cast<std::uint16_t>(bits + 1))) / 2;
    const auto found = half_from_float(static_cast<float>(middle));
    EXPECT_EQ(found, bits % 2 == 0 ? bits : bits + 1);
  }
}

TEST(Half, OverflowGivesInfinity) {
  EXPECT_EQ(half_from_float(65504), 0x7bff);
  EXPECT_EQ(half_from_float(65519.996F), 0x7bff);
  EXPECT_EQ(half_from_float(65520), 0x7c00);
  EXPECT_EQ(half_from_float(-1e30F), 0xfc00);
  EXPECT_EQ(half_from_float(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_FALSE(half_is_finite(half_from_float(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace mien
