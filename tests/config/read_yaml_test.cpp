#include <gtest/gtest.h>

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

Sample read(const std::string& yaml) {
  const TemporaryFolder folder;
  Sample sample;
  declare(sample).read_yaml(folder.write("c.yaml", yaml));
  return sample;
}

/// The message without the folder's name: "c.yaml:3: epochs = ...".
std::string refusal(const std::string& yaml) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("c.yaml", yaml);
  Sample sample;
  Fields fields = declare(sample);
  const std::string message = refusal_of([&] { fields.read_yaml(file); });
  const std::string prefix = folder.path().string() + "/";
  const std::size_t at = message.find(prefix);
  EXPECT_TRUE(message == "accepted" || at != std::string::npos) << message;
  return at == std::string::npos ? message : message.substr(at + prefix.size());
}

TEST(ReadYaml, AnEmptyFileKeepsEveryDefault) {
  EXPECT_EQ(read(""), Sample());
  EXPECT_EQ(read("\n# nothing but a comment\n"), Sample());
  EXPECT_EQ(read("---\n"), Sample());
  EXPECT_EQ(read("{}"), Sample());
}

TEST(ReadYaml, TakesNestedMappings) {
  const Sample sample = read(
      "epochs: 7\nshuffle: false\nloss:\n  cvar:\n    alpha: .25\nschedule:\n  kind: constant\n"
      "optimizer: {betas: [.5, 0]}\ntasks: [au, expr]\nnote: a b\n");
  EXPECT_EQ(sample.epochs, 7);
  EXPECT_FALSE(sample.shuffle);
  EXPECT_EQ(sample.alpha, .25);
  EXPECT_EQ(sample.kind, "constant");
  EXPECT_TRUE(holds(sample.betas, {.5, 0}));
  EXPECT_TRUE(holds(sample.tasks, {"au", "expr"}));
  EXPECT_EQ(sample.note, "a b");
  EXPECT_EQ(sample.rho, .05) << "what is not given keeps its default";
}

TEST(ReadYaml, TakesDottedKeys) {
  const Sample sample = read("loss.cvar.alpha: 1\nloss:\n  {}\nsam.rho: 0.5\n");
  EXPECT_EQ(sample.alpha, 1);
  EXPECT_EQ(sample.rho, .5);
  EXPECT_EQ(read("loss:\n  cvar.alpha: .75\n").alpha, .75);
}

TEST(ReadYaml, ASingleValueIsAListOfOne) {
  const Sample sample = read("tasks: au\noptimizer.betas: .5\n");
  EXPECT_TRUE(holds(sample.tasks, {"au"}));
  EXPECT_TRUE(holds(sample.betas, {.5}));
}

TEST(ReadYaml, MakesPathsAbsoluteFromTheCurrentFolder) {
  const Sample sample = read("bank: [banks/../banks/a, /b/./c]\nannotations: labels\n");
  EXPECT_TRUE(holds(sample.bank, {(fs::current_path() / "banks/a").string(), "/b/c"}));
  EXPECT_EQ(sample.annotations, (fs::current_path() / "labels").string());
  EXPECT_EQ(read("annotations: ''\n").annotations, "") << "an empty path stays empty";
}

TEST(ReadYaml, TheLastReadingWins) {
  const TemporaryFolder folder;
  Sample sample;
  Fields fields = declare(sample);
  fields.read_yaml(folder.write("c.yaml", "epochs: 7\nsam.rho: .5\n"));
  fields.read_override("epochs=9");
  EXPECT_EQ(sample.epochs, 9) << "the override wins over the file";
  EXPECT_EQ(sample.rho, .5) << "the file wins over the default";
  EXPECT_EQ(sample.alpha, Sample().alpha);
}

TEST(ReadYamlRefusal, OfUnknownKeysNamesFileLineAndNearMiss) {
  EXPECT_EQ(refusal("epochs: 3\nsam:\n  roh: .5\n"),
            "c.yaml:3: key = sam.roh: there is no such key; did you mean sam.rho?");
  EXPECT_EQ(refusal("rho: 1\n"),
            "c.yaml:1: key = rho: there is no such key; did you mean sam.rho?");
  EXPECT_EQ(refusal("\n\nfoobarbaz: 1\n"), "c.yaml:3: key = foobarbaz: there is no such key");
}

TEST(ReadYamlRefusal, OfAGroupUsedAsAKey) {
  EXPECT_TRUE(contains(refusal("sam: 3\n"), "c.yaml:1: key = sam: there is no such key"));
  EXPECT_TRUE(contains(refusal("epochs:\n  more: 3\n"), "c.yaml:1: epochs = "));
}

TEST(ReadYamlRefusal, OfRepeatedKeys) {
  EXPECT_EQ(refusal("epochs: 3\nepochs: 3\n"),
            "c.yaml:2: key = epochs: is given twice, expected once");
  EXPECT_EQ(refusal("sam:\n  rho: 1\nsam.rho: 2\n"),
            "c.yaml:3: key = sam.rho: is given twice, expected once");
  EXPECT_EQ(refusal("sam:\n  rho: 1\nsam:\n  rho: 2\n"),
            "c.yaml:4: key = sam.rho: is given twice, expected once");
}

TEST(ReadYamlRefusal, OfWrongTypes) {
  const std::string whole = "expected a whole number in [1, 1e+09]";
  for (const char* value : {"3.5", "three", "1e3", "[3]", "{a: 3}", "", "~", "true", "'3 '"}) {
    EXPECT_TRUE(contains(refusal(std::string("epochs: ") + value + "\n"), whole)) << value;
  }
  for (const char* value : {"maybe", "1", "0", "[true]", ""}) {
    EXPECT_TRUE(
        contains(refusal(std::string("shuffle: ") + value + "\n"), "expected true or false"))
        << value;
  }
  EXPECT_EQ(refusal("sam.rho: small\n"), "c.yaml:1: sam.rho = small: expected a number at least 0");
  EXPECT_EQ(refusal("note: [a, b]\n"), "c.yaml:1: note = [a, b]: expected a text");
  EXPECT_EQ(refusal("optimizer.betas: [.5, x]\n"),
            "c.yaml:1: optimizer.betas = x: expected numbers in [0, 1)");
  EXPECT_EQ(refusal("tasks: [[au]]\n"), "c.yaml:1: tasks = [au]: expected one of expr, au");
  EXPECT_EQ(refusal("annotations: [a]\n"), "c.yaml:1: annotations = [a]: expected a path");
}

TEST(ReadYamlRefusal, OfNumbersOutOfRange) {
  EXPECT_EQ(refusal("epochs: 0\n"), "c.yaml:1: epochs = 0: expected a whole number in [1, 1e+09]");
  EXPECT_TRUE(contains(refusal("epochs: 1000000001\n"), "expected a whole number in"));
  EXPECT_EQ(refusal("sam.rho: -0.1\n"), "c.yaml:1: sam.rho = -0.1: expected a number at least 0");
  EXPECT_EQ(refusal("loss.cvar.alpha: 0\n"),
            "c.yaml:1: loss.cvar.alpha = 0: expected a number in (0, 1]");
  EXPECT_TRUE(contains(refusal("loss.cvar.alpha: 1.0000001\n"), "in (0, 1]"));
  EXPECT_TRUE(contains(refusal("optimizer.betas: [.5, 1]\n"), "= 1: expected numbers in [0, 1)"));
}

TEST(ReadYamlRefusal, OfNumbersThatAreNotFinite) {
  for (const char* value : {"nan", "inf", "-inf", ".inf", ".nan", "1e999"}) {
    EXPECT_TRUE(
        contains(refusal(std::string("sam.rho: ") + value + "\n"), "expected a number at least 0"))
        << value;
  }
}

TEST(ReadYamlRefusal, OfOtherChoicesNamesTheNearMiss) {
  EXPECT_EQ(refusal("schedule.kind: cosin\n"),
            "c.yaml:1: schedule.kind = cosin: expected one of cosine, constant; did you mean "
            "cosine?");
  EXPECT_EQ(refusal("tasks: [expr, exprs]\n"),
            "c.yaml:1: tasks = exprs: expected one of expr, au; did you mean expr?");
}

TEST(ReadYamlRefusal, KeepsTheOldValue) {
  const TemporaryFolder folder;
  Sample sample;
  Fields fields = declare(sample);
  EXPECT_THROW(fields.read_yaml(folder.write("c.yaml", "tasks: [au, no]\n")), InputError);
  EXPECT_EQ(sample, Sample());
}

TEST(ReadYamlRefusal, OfFilesThatAreNoMapping) {
  for (const char* yaml : {"- a\n- b\n", "just text\n", "3\n"}) {
    EXPECT_EQ(refusal(yaml), "c.yaml: expected a mapping of keys to values") << yaml;
  }
}

TEST(ReadYamlRefusal, OfBrokenYamlNamesTheLine) {
  EXPECT_TRUE(contains(refusal("epochs: 3\ntasks: [au\nnote: x\n"), "is not YAML ("));
  const std::string message = refusal("epochs: 3\nnote: x\n  sam: : 3\n");
  EXPECT_TRUE(contains(message, "c.yaml:3: is not YAML (")) << message;
}

TEST(ReadYamlRefusal, OfMissingFilesAndFolders) {
  const TemporaryFolder folder;
  Sample sample;
  Fields fields = declare(sample);
  EXPECT_TRUE(contains(refusal_of([&] { fields.read_yaml(folder.path() / "no.yaml"); }),
                       "config = " + (folder.path() / "no.yaml").string() + ": cannot be read"));
  EXPECT_TRUE(contains(refusal_of([&] { fields.read_yaml(folder.path()); }), "this is a folder"));
}

}  // namespace
}  // namespace mien
