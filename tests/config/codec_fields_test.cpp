// Values with parts of their own, and spellings from before.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/config/fields.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using nlohmann::json;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

struct Values {
  json sources = "";
  std::string pool = "element";
  double focal = 0;
};

Fields declare(Values& values) {
  Fields fields;
  fields.add(
      "sources", "where it comes from", "a path or a mapping",
      [&values](const json& value, const std::string& what) {
        if (value.is_object() && !value.contains("path")) {
          throw InputError(what, value.dump(), "has no path");
        }
        values.sources = value;
      },
      [&values] { return values.sources; });
  fields.add("loss.pool", values.pool, "what is pooled", {"element", "per_output"});
  fields.add_old_choice("loss.pool", "per_au", "per_output");
  fields.add("loss.focal", values.focal, "of the focal factor", at_least(0));
  fields.add_old_key("loss.gamma", "loss.focal");
  return fields;
}

Values read(const std::string& yaml) {
  const TemporaryFolder folder;
  Values values;
  declare(values).read_yaml(folder.write("c.yaml", yaml));
  return values;
}

TEST(CodecFields, GetTheirValueWithScalarsAsTexts) {
  EXPECT_EQ(read("sources: /a\n").sources, "/a");
  EXPECT_EQ(read("sources:\n  - /a\n  - {path: /b, 1: yes, none: , list: [1, 2.50]}\n").sources,
            json::parse(R"(["/a", {"path": "/b", "1": "yes", "none": null,
                                   "list": ["1", "2.50"]}])"));
  EXPECT_EQ(read("sources: {path: \"/a: b\"}\n").sources, json::parse(R"({"path": "/a: b"})"));
}

TEST(CodecFields, AreWrittenAsTheyAreRead) {
  const TemporaryFolder folder;
  const auto given = json::parse(R"(["/a b", {"path": "/c: d # e", "map": {"no": "yes", "7": "~",
                                      "": "null", "x": "1.0", "y\"z": "[a", "t": "ü\n2"}}])");
  Values values{.sources = given};
  const std::string text = declare(values).to_yaml(true);
  Values again;
  declare(again).read_yaml(folder.write("c.yaml", text));
  EXPECT_EQ(again.sources, given);
  EXPECT_EQ(declare(again).to_yaml(true), text);
  EXPECT_TRUE(declare(values).differences(folder.path() / "c.yaml").empty());
  values.sources[0] = "/other";
  const auto differences = declare(values).differences(folder.path() / "c.yaml");
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].key, "sources");
}

TEST(CodecFields, AreOverriddenByTextsListsAndMappings) {
  const auto overridden = [](const std::string& assignment) {
    Values values;
    declare(values).read_override(assignment);
    return values.sources;
  };
  EXPECT_EQ(overridden("sources=/a: b"), "/a: b");
  EXPECT_EQ(overridden("sources=[/a, {path: /b}]"), json::parse(R"(["/a", {"path": "/b"}])"));
  EXPECT_EQ(overridden("sources={path: /b}"), json::parse(R"({"path": "/b"})"));
  EXPECT_EQ(refusal_of([&] { overridden("sources={path: /b"); }),
            "sources = {path: /b: expected a list written [a,b], or a mapping written {a: b}");
}

TEST(CodecFields, RefusalsNameFileLineAndKey) {
  EXPECT_TRUE(contains(refusal_of([] { read("loss.focal: 1\nsources: {pth: /b}\n"); }),
                       "c.yaml:2: sources = {\"pth\":\"/b\"}: has no path"));
}

TEST(OldSpellings, OfKeysAndChoicesAreRead) {
  const Values values = read("loss: {pool: per_au, gamma: 2}\n");
  EXPECT_EQ(values.pool, "per_output");
  EXPECT_EQ(values.focal, 2);
  Values overridden;
  declare(overridden).read_override("loss.gamma=3");
  EXPECT_EQ(overridden.focal, 3);
}

TEST(OldSpellings, AreNeitherOfferedNorWritten) {
  Values values = read("loss: {pool: per_au, gamma: 2}\n");
  const std::string written = declare(values).to_yaml(true) + declare(values).help();
  for (const char* old : {"per_au", "gamma"}) {
    EXPECT_EQ(written.find(old), std::string::npos) << old;
  }
}

TEST(OldSpellings, OfTheSameAreNoDifference) {
  const TemporaryFolder folder;
  const auto file = folder.write("c.yaml", "sources: \"\"\nloss: {pool: per_au, gamma: 2}\n");
  Values values = read("loss: {pool: per_output, focal: 2}\n");
  EXPECT_TRUE(declare(values).differences(file).empty());
  values.focal = 3;
  EXPECT_EQ(declare(values).differences(file).size(), 1U);
}

TEST(OldSpellings, RefusalsNameWhatWasGiven) {
  EXPECT_TRUE(contains(refusal_of([] { read("loss.gamma: -1\n"); }), "c.yaml:1: loss.gamma = -1"));
  EXPECT_TRUE(contains(refusal_of([] { read("loss.gamma: 1\nloss: {focal: 1}\n"); }),
                       "is given twice, expected once"))
      << "an old key and its new one are the same key";
}

}  // namespace
}  // namespace mien
