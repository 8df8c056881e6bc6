#include "mien/core/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "expectations.h"

namespace mien {
namespace {

using testing::holds;
using Views = std::vector<std::string_view>;

TEST(NearestMatch, FindsTypingErrors) {
  const std::vector<std::string> keys = {"epochs", "batch_size", "shuffle", "sam.rho"};
  EXPECT_EQ(nearest_match("epoch", keys), "epochs");
  EXPECT_EQ(nearest_match("batchsize", keys), "batch_size");
  EXPECT_EQ(nearest_match("shufle", keys), "shuffle");
  EXPECT_EQ(nearest_match("EPOCHS", keys), "epochs");
  EXPECT_EQ(nearest_match("sam.roh", keys), "sam.rho");
}

TEST(NearestMatch, FindsADottedKeyByItsLastPart) {
  const std::vector<std::string> keys = {"sam.rho", "optimizer.lr", "optimizer.weight_decay"};
  EXPECT_EQ(nearest_match("rho", keys), "sam.rho");
  EXPECT_EQ(nearest_match("weight_decay", keys), "optimizer.weight_decay");
  EXPECT_EQ(nearest_match("lr", keys), "optimizer.lr");
}

TEST(NearestMatch, PrefersTheNearest) {
  EXPECT_EQ(nearest_match("cat", {"cart", "cat2", "cat"}), "cat");
  EXPECT_EQ(nearest_match("tarin", {"turning", "train"}), "train");
}

TEST(NearestMatch, GivesNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_match("zebra", {"epochs", "batch_size"}), "");
  EXPECT_EQ(nearest_match("x", {"au"}), "") << "every letter would change";
  EXPECT_EQ(nearest_match("", {"au"}), "");
  EXPECT_EQ(nearest_match("epochs", {}), "");
}

TEST(ParseInteger, TakesWholeNumbersThatFillTheText) {
  const std::vector<std::pair<std::string, std::int64_t>> good = {
      {"0", 0},
      {"-7", -7},
      {"+5", 5},
      {"007", 7},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()}};
  for (const auto& [text, expected] : good) {
    std::int64_t value = 99;
    EXPECT_TRUE(parse_integer(text, value)) << text;
    EXPECT_EQ(value, expected);
  }
}

TEST(ParseInteger, RefusesEverythingElse) {
  for (const char* text : {"", "+", "-", "+-5", "++5", "--5", "5 ", " 5", "5.0", "1e3", "0x10",
                           "9223372036854775808", "1,000", "five"}) {
    std::int64_t value = 0;
    EXPECT_FALSE(parse_integer(text, value)) << text;
  }
}

TEST(ParseNumber, TakesDecimalsAndNonFiniteNumbers) {
  const std::vector<std::pair<std::string, double>> good = {
      {"1e-3", 1e-3}, {".5", .5}, {"-.25", -.25}, {"+2", 2}, {"3.", 3}, {"1E5", 1e5}, {"-0", -0.0}};
  for (const auto& [text, expected] : good) {
    double value = 99;
    EXPECT_TRUE(parse_number(text, value)) << text;
    EXPECT_EQ(value, expected);
    EXPECT_EQ(std::signbit(value), std::signbit(expected));
  }
  double value = 0;
  EXPECT_TRUE(parse_number("inf", value) && std::isinf(value));
  EXPECT_TRUE(parse_number("nan", value) && std::isnan(value));
}

TEST(ParseNumber, RefusesEverythingElse) {
  for (const char* text :
       {"", "+", ".", "+-5", "++5", "1e400", "-1e400", "1e", "0x1p3", "1,5", "1 ", " 1", "1f"}) {
    double value = 0;
    EXPECT_FALSE(parse_number(text, value)) << text;
  }
}

TEST(SplitText, CutsAtEverySeparator) {
  EXPECT_EQ(split("a,b,,c", ','), (Views{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), (Views{""}));
  EXPECT_EQ(split(",", ','), (Views{"", ""}));
  EXPECT_EQ(split("a;b", ','), (Views{"a;b"}));
}

TEST(SplitText, IsUndoneByJoin) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (std::uint32_t i = random() % 12; i > 0; --i) text += "ab,"[random() % 3];
    std::vector<std::string> fields;
    for (const std::string_view field : split(text, ',')) fields.emplace_back(field);
    EXPECT_EQ(join(fields, ","), text);
  }
}

TEST(JoinText, PutsTheSeparatorBetweenItems) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "", "b"}), "a, , b");
}

TEST(TrimText, RemovesBlanksAtTheEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t\r"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(LowerText, ChangesAsciiLettersOnly) {
  EXPECT_EQ(lower("AbC-\xC3\x84Z@["), "abc-\xC3\x84z@[");
}

TEST(NumbersForPeople, WithThousandsGroupsDigits) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-123), "-123");
  EXPECT_EQ(with_thousands(-1234), "-1,234");
}

TEST(NumbersForPeople, DurationsSayTheTwoLargestUnits) {
  EXPECT_EQ(duration_text(4.2), "4.2 s");
  EXPECT_EQ(duration_text(0), "0.0 s");
  EXPECT_EQ(duration_text(185), "3 min 05 s");
  EXPECT_EQ(duration_text(7620), "2 h 07 min");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "?");
}

TEST(NumbersForPeople, DurationsNeverShowSixtySeconds) {
  EXPECT_EQ(duration_text(59.94), "59.9 s");
  EXPECT_EQ(duration_text(59.97), "1 min 00 s");
  EXPECT_EQ(duration_text(3599.7), "1 h 00 min");
}

TEST(NumbersForPeople, BytesUseDecimalUnits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(812), "812 B");
  EXPECT_EQ(bytes_text(3.4e6), "3.4 MB");
  EXPECT_EQ(bytes_text(1.2e9), "1.2 GB");
}

TEST(CsvField, IsQuotedWhereItHasTo) {
  EXPECT_EQ(csv_field("a b;c'd"), "a b;c'd");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"a\""), "\"say \"\"a\"\"\"");
  EXPECT_EQ(csv_field("a\rb"), "\"a\rb\"");
  EXPECT_EQ(csv_field("a\nb"), "\"a\nb\"");
}

TEST(NumbersForPeople, FixedHasTheDigitsAskedFor) {
  EXPECT_EQ(fixed(1.0 / 3, 4), "0.3333");
  EXPECT_EQ(fixed(-2, 0), "-2");
  EXPECT_EQ(fixed(1e300, 1).size(), 303U);
}

TEST(ShortestText, IsShort) {
  EXPECT_EQ(shortest(.05), "0.05");
  EXPECT_EQ(shortest(1e-5), "1e-05");
  EXPECT_EQ(shortest(32), "32");
  EXPECT_EQ(shortest(.1 + .2), "0.30000000000000004");
}

TEST(ShortestText, ReadsBackAsTheSameDouble) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = shortest(value);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)),
              std::bit_cast<std::uint64_t>(value))
        << text;
    double parsed = 0;
    ASSERT_TRUE(parse_number(text, parsed)) << text;
    EXPECT_EQ(parsed, value);
  }
}

}  // namespace
}  // namespace mien
