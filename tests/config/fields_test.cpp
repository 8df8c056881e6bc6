#include "mien/config/fields.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "config/sample_fields.h"
#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::declare;
using testing::holds;
using testing::refusal_of;
using testing::Sample;
using testing::TemporaryFolder;

Sample overridden(const std::string& assignment) {
  Sample sample;
  declare(sample).read_override(assignment);
  return sample;
}

std::string refusal(const std::string& assignment) {
  return refusal_of([&] { overridden(assignment); });
}

TEST(RangeTest, EveryKindHoldsItsOwnNumbers) {
  EXPECT_TRUE(at_least(0).holds(0) && !at_least(0).holds(-1e-300));
  EXPECT_TRUE(above(0).holds(1e-300) && !above(0).holds(0));
  EXPECT_TRUE(between(1, 2).holds(1) && between(1, 2).holds(2));
  EXPECT_TRUE(!between(1, 2).holds(.999) && !between(1, 2).holds(2.001));
  EXPECT_TRUE(!above_up_to(0, 1).holds(0) && above_up_to(0, 1).holds(1));
  EXPECT_TRUE(from_below(0, 1).holds(0) && !from_below(0, 1).holds(1));
}

TEST(RangeTest, NoneHoldsWhatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {infinity, -infinity, std::nan("")}) {
    EXPECT_FALSE(Range().holds(value));
    EXPECT_FALSE(at_least(0).holds(value));
    EXPECT_FALSE(between(0, 1).holds(value));
  }
}

TEST(RangeTest, SaysWhatItHolds) {
  EXPECT_EQ(at_least(0).text(), "at least 0");
  EXPECT_EQ(above(.5).text(), "above 0.5");
  EXPECT_EQ(between(1, 64).text(), "in [1, 64]");
  EXPECT_EQ(above_up_to(0, 1).text(), "in (0, 1]");
  EXPECT_EQ(from_below(0, 1).text(), "in [0, 1)");
  EXPECT_EQ((Range{.high = 3}).text(), "at most 3");
  EXPECT_EQ((Range{.high = 3, .high_is_open = true}).text(), "below 3");
  EXPECT_EQ(Range().text(), "any number");
}

TEST(Override, SetsOneKey) {
  EXPECT_EQ(overridden("epochs=3").epochs, 3);
  EXPECT_EQ(overridden("sam.rho=1e-2").rho, .01);
  EXPECT_EQ(overridden("shuffle=false").shuffle, false);
  EXPECT_EQ(overridden("schedule.kind=constant").kind, "constant");
}

TEST(Override, TakesListsInBrackets) {
  EXPECT_TRUE(holds(overridden("tasks=[au,expr]").tasks, {"au", "expr"}));
  EXPECT_TRUE(holds(overridden("tasks=au").tasks, {"au"}));
  EXPECT_TRUE(holds(overridden("optimizer.betas=[.5, .6]").betas, {.5, .6}));
  EXPECT_TRUE(holds(overridden("bank=[/a,/b]").bank, {"/a", "/b"}));
}

TEST(Override, TakesTextAsItStands) {
  EXPECT_EQ(overridden("note=a: b # c = {d").note, "a: b # c = {d");
  EXPECT_EQ(overridden("annotations=/data/a: b").annotations, "/data/a: b");
  EXPECT_EQ(overridden("note=").note, "");
  EXPECT_EQ(overridden("annotations=x").annotations, (fs::current_path() / "x").string());
}

TEST(OverrideRefusal, OfWhatIsNoAssignment) {
  EXPECT_EQ(refusal("epochs"), "argument = epochs: expected key=value; did you mean epochs?");
  EXPECT_EQ(refusal("=3"), "argument = =3: expected key=value");
}

TEST(OverrideRefusal, NamesKeyValueAndExpectation) {
  EXPECT_EQ(refusal("rho=1"), "key = rho: there is no such key; did you mean sam.rho?");
  EXPECT_EQ(refusal("epochs=many"), "epochs = many: expected a whole number in [1, 1e+09]");
  EXPECT_EQ(refusal("epochs="), "epochs = : expected a whole number in [1, 1e+09]");
  EXPECT_EQ(refusal("tasks=[au"),
            "tasks = [au: expected a list written [a,b], or a mapping written {a: b}");
  EXPECT_EQ(refusal("epochs=[3]"), "epochs = [3]: expected a whole number in [1, 1e+09]");
  EXPECT_TRUE(contains(refusal("tasks=[au,va]"), "tasks = va: expected one of expr, au"));
}

/// Texts that YAML might read as something else.
std::string odd_text(std::mt19937& random) {
  static const std::vector<std::string> words = {"",           "~",
                                                 "null",       "Null",
                                                 "true",       "False",
                                                 "yes",        "no",
                                                 "on",         "12",
                                                 ".5",         "1e3",
                                                 "nan",        "-",
                                                 "- a",        "? b",
                                                 "a: b",       "a #b",
                                                 "#a",         "[x]",
                                                 "{y",         "&z",
                                                 "*w",         "!t",
                                                 "|",          ">",
                                                 "'q'",        "\"d\"",
                                                 "%p",         "@at",
                                                 "`bt",        " a",
                                                 "b ",         "a,b",
                                                 "...",        "---",
                                                 "<<",         "=",
                                                 "a\nb",       "a\tb",
                                                 "a\rb",       "\r\n",
                                                 "a\\n",       "0x1F",
                                                 "0o7",        "1_000",
                                                 "1:30",       "\x01",
                                                 "\x7f",       "\x1b[0m",
                                                 "\xC3\xA4",   "\xE2\x80\xA8",
                                                 "\xC2\x85",   "\xEF\xBB\xBF",
                                                 "2026-01-01", "a: ",
                                                 ": a",        "\""};
  if (random() % 2 == 0) return words[random() % words.size()];
  std::string text;
  for (std::uint32_t i = random() % 12; i > 0; --i) text += static_cast<char>(32 + random() % 95);
  return text;
}

Sample random_sample(std::mt19937& random) {
  Sample sample;
  sample.shuffle = random() % 2 == 0;
  sample.epochs = 1 + static_cast<std::int64_t>(random() % 1'000'000'000);
  sample.rho = std::exp(static_cast<double>(random() % 1000) / 10 - 50);
  sample.alpha = 1 / (1 + static_cast<double>(random()));
  sample.kind = random() % 2 == 0 ? "cosine" : "constant";
  sample.note = odd_text(random);
  sample.tasks = random() % 2 == 0 ? Strings{"au", "expr"} : Strings{};
  sample.betas.assign(random() % 4, static_cast<double>(random()) / 4294967296.);
  sample.annotations = "/" + std::to_string(random()) + "/x" + odd_text(random) + "x";
  for (std::uint32_t i = random() % 4; i > 0; --i) sample.bank.push_back("/y" + odd_text(random));
  const auto clean = [](std::string& path) {
    path = fs::absolute(path).lexically_normal().string();
  };
  clean(sample.annotations);
  for (std::string& path : sample.bank) clean(path);
  return sample;
}

TEST(ToYaml, ReadsBackToTheSameValues) {
  const TemporaryFolder folder;
  std::mt19937 random(23);
  for (int round = 0; round < 500; ++round) {
    Sample original = random_sample(random);
    const std::string yaml = declare(original).to_yaml(round % 2 == 0);
    Sample read;
    ASSERT_NO_THROW(declare(read).read_yaml(folder.write("c.yaml", yaml))) << yaml;
    ASSERT_EQ(read, original) << yaml;
  }
}

TEST(ToYaml, NestsGroupsAndHoldsEveryKeyOnce) {
  Sample sample;
  const std::string yaml = declare(sample).to_yaml(false);
  EXPECT_TRUE(contains(yaml, "loss:\n  cvar:\n    alpha: 0.5\n"));
  EXPECT_TRUE(contains(yaml, "tasks: [expr]\n"));
  EXPECT_TRUE(contains(yaml, "note: \"\"\n"));
  EXPECT_EQ(yaml.find('#'), std::string::npos);
}

TEST(ToYaml, ItsCommentsSayMeaningRangeAndDefault) {
  Sample sample;
  Fields fields = declare(sample);
  fields.read_override("sam.rho=.5");
  const std::string yaml = fields.to_yaml(true);
  EXPECT_TRUE(contains(yaml, "rho: 0.5"));
  EXPECT_TRUE(contains(yaml, "# radius of the step (a number at least 0; default 0.05)"));
}

TEST(HelpText, MentionsEveryKeyWithItsDefault) {
  Sample sample;
  const Fields fields = declare(sample);
  const std::string help = fields.help();
  EXPECT_EQ(fields.keys().size(), 10U);
  for (const std::string& key : fields.keys()) EXPECT_TRUE(contains(help, "  " + key + " ["));
  EXPECT_TRUE(contains(help, "  schedule.kind [cosine]"));
  EXPECT_TRUE(contains(help, "shape of the rate (one of cosine, constant)"));
}

Strings texts(const std::vector<Difference>& differences) {
  Strings lines;
  for (const Difference& difference : differences) lines.push_back(difference.text());
  return lines;
}

TEST(Differences, NamesWhatAnotherFileSays) {
  const TemporaryFolder folder;
  Sample sample;
  Fields fields = declare(sample);
  const fs::path before = folder.write("c.yaml", fields.to_yaml(false));
  EXPECT_TRUE(fields.differences(before).empty());
  fields.read_override("sam.rho=.5");
  fields.read_override("tasks=[expr,au]");
  EXPECT_TRUE(holds(texts(fields.differences(before)),
                    {"tasks: [expr] -> [expr, au]", "sam.rho: 0.05 -> 0.5"}));
}

TEST(Differences, AKeyThatTheOtherFileLacksHasItsDefault) {
  const TemporaryFolder folder;
  Sample sample;
  Fields fields = declare(sample);
  const fs::path empty = folder.write("c.yaml", "epochs: 32\n");
  EXPECT_TRUE(fields.differences(empty).empty());
  fields.read_override("epochs=3");
  fields.read_override("shuffle=false");
  EXPECT_TRUE(
      holds(texts(fields.differences(empty)), {"epochs: 32 -> 3", "shuffle: true -> false"}));
}

}  // namespace
}  // namespace mien
