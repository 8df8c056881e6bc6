#include "mien/data/tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "expectations.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using nlohmann::json;
using testing::contains;
using testing::holds;
using testing::refusal_of;

const Task kMood("mood", TaskKind::kClasses, {"sad", "happy", "none of them"});
const Task kUnits("units", TaskKind::kBinary, {"AU1", "smile"});
const Task kStars("stars", TaskKind::kContinuous, {"stars"}, {0, 5});

std::string refusal(const std::string& name, TaskKind kind, std::vector<std::string> outputs,
                    ValueRange range = {}) {
  return refusal_of([&] { Task(name, kind, std::move(outputs), range); });
}

std::string json_refusal(const std::string& text) {
  return refusal_of([&] { task_from_json(json::parse(text), "tasks"); });
}

TEST(Tasks, OfTheChallengeHaveNamesAndColumns) {
  for (const Task& task : challenge_tasks()) {
    EXPECT_EQ(challenge_task_from_name(task_name(task), "tasks"), task);
    EXPECT_TRUE(is_challenge_task(task));
    EXPECT_EQ(to_json(task), task.name());
  }
  EXPECT_EQ(label_columns(expr_task()), 1U);
  EXPECT_EQ(score_columns(expr_task()), 8U);
  EXPECT_EQ(label_columns(au_task()), 12U);
  EXPECT_EQ(score_columns(va_task()), 2U);
  EXPECT_EQ(metric_title(expr_task()), "EXPR F1");
  EXPECT_TRUE(holds(names_of(challenge_tasks()), {"expr", "au", "va"}));
}

TEST(Tasks, UnknownNamesAreRefusedWithTheNearMiss) {
  const std::string message = refusal_of([] { challenge_task_from_name("exprs", "tasks"); });
  EXPECT_TRUE(contains(message, "tasks = exprs: expected one of expr, au, va, or a task declared"));
  EXPECT_TRUE(contains(message, "; did you mean expr?"));
  EXPECT_EQ(refusal_of([] { task_named("mod", {kMood, kUnits}, "--task"); }),
            "--task = mod: expected one of mood, units; did you mean mood?");
}

TEST(Tasks, AreWhatTheyAreMadeOf) {
  EXPECT_EQ(label_columns(kMood), 1U);
  EXPECT_EQ(score_columns(kMood), 3U);
  EXPECT_EQ(label_columns(kUnits), 2U);
  EXPECT_EQ(kStars.range().high, 5);
  EXPECT_EQ(metric_key(kMood), "mood_f1");
  EXPECT_EQ(metric_key(kStars), "stars_ccc");
  EXPECT_EQ(metric_title(kStars), "stars CCC") << "capitals are the challenge's";
  EXPECT_EQ(statistics_key(kMood), "mood_counts");
  EXPECT_EQ(statistics_key(kUnits), "units_shares");
  EXPECT_EQ(statistics_key(kStars), "stars_means");
  EXPECT_EQ(statistics_key(expr_task()), "expr_counts");
  EXPECT_EQ(Task().outputs().size(), 0U);
}

TEST(Tasks, AreEqualWhenEverythingIs) {
  EXPECT_EQ(Task("stars", TaskKind::kContinuous, {"stars"}, {0, 5}), kStars);
  EXPECT_NE(Task("stars", TaskKind::kContinuous, {"stars"}, {0, 4}), kStars);
  EXPECT_NE(Task("stars", TaskKind::kContinuous, {"star"}, {0, 5}), kStars);
  EXPECT_NE(Task("mood", TaskKind::kClasses, {"happy", "sad", "none of them"}), kMood);
  EXPECT_NE(Task("au", TaskKind::kBinary, {"AU1"}), au_task());
  EXPECT_FALSE(is_challenge_task(Task("au", TaskKind::kBinary, {"AU1"})));
}

TEST(Tasks, AreOrderedTheChallengesFirstAndThenByName) {
  std::vector<Task> tasks = {Task("zoo", TaskKind::kBinary, {"x"}), va_task(),  kMood, au_task(),
                             Task("a", TaskKind::kBinary, {"x"}),   expr_task()};
  std::ranges::sort(tasks);
  EXPECT_TRUE(holds(names_of(tasks), {"expr", "au", "va", "a", "mood", "zoo"}));
  EXPECT_EQ((std::map<Task, int>{{kMood, 1}, {kUnits, 2}}).at(kUnits), 2);
}

TEST(Tasks, ReportedOnesAreTheChallengesOrTheirOwn) {
  EXPECT_EQ(reported_tasks({au_task()}), challenge_tasks());
  EXPECT_EQ(reported_tasks({au_task(), kMood}), (std::vector{au_task(), kMood}));
}

TEST(TaskRefusal, OfNamesThatAFileCannotHold) {
  for (const std::string name : {"", " x", "x ", "a,b", "a\"b", "a/b", "a\nb", "a\x7f"}) {
    EXPECT_TRUE(contains(refusal(name, TaskKind::kBinary, {"a"}), "tasks: name = ")) << name;
    EXPECT_TRUE(
        contains(refusal("units", TaskKind::kBinary, {"a", name}), "tasks: labels of units = "))
        << name;
  }
  EXPECT_EQ(refusal("traurig, fröhlich", TaskKind::kBinary, {"a"}),
            "tasks: name = traurig, fröhlich: expected a name without commas, quotes, slashes and "
            "control characters");
  EXPECT_EQ(refusal("größe: 1.5 (b)", TaskKind::kBinary, {"ja/nein ist nichts"}),
            "tasks: labels of größe: 1.5 (b) = ja/nein ist nichts: expected a name without commas, "
            "quotes, slashes and control characters");
  EXPECT_EQ(refusal("größe: 1.5 (b)", TaskKind::kBinary, {"so geht es"}), "accepted");
}

TEST(TaskRefusal, OfOutputsTwiceOrTooFew) {
  EXPECT_EQ(refusal("m", TaskKind::kClasses, {"a", "b", "a"}),
            "tasks: labels of m = a: is there twice, expected each label once");
  EXPECT_EQ(refusal("m", TaskKind::kClasses, {"a"}),
            "tasks: labels of m = 1 labels: expected 2 to 250 for the kind classes");
  EXPECT_EQ(refusal("m", TaskKind::kBinary, {}),
            "tasks: labels of m = 0 labels: expected 1 to 250 for the kind binary");
  EXPECT_EQ(refusal("m", TaskKind::kContinuous, {"a"}), "accepted");
}

TEST(TaskRefusal, OfAnEmptyRange) {
  for (const ValueRange range : {ValueRange{1, 1}, {2, -2}, {0, std::nan("")}}) {
    EXPECT_TRUE(
        contains(refusal("m", TaskKind::kContinuous, {"a"}, range), "tasks: range of m = ["));
  }
}

TEST(TasksJson, ComeBackAsTheyWere) {
  const std::vector<Task> tasks = {expr_task(), kMood, kUnits, va_task(), kStars};
  EXPECT_EQ(tasks_from_json(to_json(tasks), "tasks"), tasks);
  EXPECT_EQ(tasks_from_json(json::parse(to_json(tasks).dump()), "tasks"), tasks);
  EXPECT_EQ(tasks_from_json("au", "tasks"), std::vector{au_task()}) << "one needs no list";
}

TEST(TasksJson, NumbersMayBeTextsAndNamesNumbers) {
  EXPECT_EQ(task_from_json(json::parse(R"({"name": "stars", "kind": "continuous",
                                           "labels": ["stars"], "range": ["0", "5"]})"),
                           "tasks"),
            kStars);
  EXPECT_TRUE(holds(task_from_json(json::parse(R"({"name": "n", "kind": "classes",
                                                   "labels": [0, 1, true]})"),
                                   "tasks")
                        .outputs(),
                    {"0", "1", "true"}));
}

TEST(TasksJsonRefusal, NamesThePartAndTheNearMiss) {
  EXPECT_EQ(json_refusal(R"({"name": "m", "kind": "clases", "labels": ["a", "b"]})"),
            "tasks: kind = clases: expected one of classes, binary, continuous; did you mean "
            "classes?");
  EXPECT_EQ(json_refusal(R"({"name": "m", "kind": "binary", "lables": ["a"]})"),
            "tasks: key = lables: expected name, kind, labels or range; did you mean labels?");
  EXPECT_TRUE(contains(json_refusal(R"({"name": "m", "kind": "binary"})"), "has no labels"));
  EXPECT_TRUE(contains(json_refusal(R"({"kind": "binary", "labels": ["a"]})"), "has no name"));
  EXPECT_TRUE(contains(json_refusal(R"({"name": "m", "kind": "binary", "labels": "a"})"),
                       "tasks: labels = \"a\": expected a list of names"));
  EXPECT_TRUE(contains(json_refusal(R"({"name": "m", "kind": "binary", "labels": ["a"],
                                        "range": [0, 1]})"),
                       "tasks: range = [0,1]: expected a range for the kind continuous only"));
  for (const char* range : {"[0]", "1", "[0, 1, 2]", R"(["a", 1])", R"([0, "inf"])", "[[], 1]"}) {
    EXPECT_TRUE(contains(json_refusal(R"({"name": "m", "kind": "continuous", "labels": ["a"],
                                          "range": )" +
                                      std::string(range) + "}"),
                         "tasks: range = "))
        << range;
  }
}

TEST(TasksJsonRefusal, OfTwoOfOneNameOrNone) {
  EXPECT_EQ(refusal_of([] { tasks_from_json({"au", "au"}, "tasks"); }),
            "tasks = au: is there twice, expected each task once");
  const json twins = {"expr", {{"name", "expr"}, {"kind", "binary"}, {"labels", {"a"}}}};
  EXPECT_TRUE(contains(refusal_of([&] { tasks_from_json(twins, "tasks"); }),
                       "tasks = expr: is there twice"));
  EXPECT_TRUE(contains(refusal_of([] { tasks_from_json(json::array(), "tasks"); }),
                       "tasks = []: expected some of expr, au, va"));
}

/// All names of a table's columns, of rows and of tasks.
std::vector<std::string> all_columns(const std::vector<Task>& tasks) {
  std::vector<std::string> names = {"video",   "frame",  "face", "person",
                                    "seconds", "reason", "image"};
  for (const TaskColumns& columns : table_columns(tasks)) {
    names.insert(names.end(), columns.decisions.begin(), columns.decisions.end());
    names.insert(names.end(), columns.probabilities.begin(), columns.probabilities.end());
  }
  return names;
}

TEST(TableColumns, OfTheChallengeAreThoseOfEver) {
  const auto columns = table_columns(challenge_tasks());
  EXPECT_TRUE(holds(columns[0].decisions, {"expression"}));
  EXPECT_EQ(columns[0].probabilities.front(), "p_Neutral");
  EXPECT_EQ(columns[1].decisions.front(), "AU1");
  EXPECT_EQ(columns[1].probabilities.back(), "p_AU26");
  EXPECT_TRUE(columns[2].decisions.empty());
  EXPECT_TRUE(holds(columns[2].probabilities, {"valence", "arousal"}));
}

TEST(TableColumns, OfLikeNamedOutputsBearTheTasksName) {
  const auto columns = table_columns({au_task(), kUnits});
  EXPECT_EQ(columns[0].decisions.front(), "AU1");
  EXPECT_TRUE(holds(columns[1].decisions, {"units_AU1", "units_smile"}));
  EXPECT_TRUE(holds(columns[1].probabilities, {"p_units_AU1", "p_units_smile"}));
}

TEST(TableColumns, AreNeverTheSameTwice) {
  const auto binary = [](const std::string& name, std::vector<std::string> outputs) {
    return Task(name, TaskKind::kBinary, std::move(outputs));
  };
  std::vector<std::vector<Task>> sets = {
      {binary("t", {"y_a"}), binary("x", {"a"}), binary("y", {"a"})},
      {binary("t", {"a", "p_a"})},
      {binary("p", {"a", "p_a"})},
      {Task("p_happy", TaskKind::kClasses, {"happy", "sad"})},
      {Task("video", TaskKind::kClasses, {"a", "b"})},
      {Task("v", TaskKind::kContinuous, {"frame", "reason", "person"})}};
  std::mt19937 random(1);
  const std::vector<std::string> words = {"a", "p", "p_a", "a_p", "p_p", "a_a", "frame"};
  for (int i = 0; i < 300; ++i) {
    std::vector<Task>& tasks = sets.emplace_back();
    std::vector<std::string> names = words;
    std::ranges::shuffle(names, random);
    for (std::size_t t = 0; t < 3; ++t) {
      std::vector<std::string> outputs = words;
      std::ranges::shuffle(outputs, random);
      outputs.resize(2 + random() % 4);
      tasks.emplace_back(names[t], static_cast<TaskKind>(random() % 3), outputs);
    }
  }
  for (const std::vector<Task>& tasks : sets) {
    const auto names = all_columns(tasks);
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size())
        << to_json(tasks) << " gives " << ::testing::PrintToString(names);
  }
}

}  // namespace
}  // namespace mien
