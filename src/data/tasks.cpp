#include "mien/data/tasks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr std::size_t kMostOutputs = 250;
constexpr std::size_t kLongestName = 100;

void require_name(const std::string& name, const std::string& what) {
  const bool bad = name.empty() || name.size() > kLongestName || trim(name) != name ||
                   std::ranges::any_of(name, [](char c) {
                     const auto code = static_cast<unsigned char>(c);
                     return code < 0x20 || code == 0x7f || c == ',' || c == '"' || c == '/';
                   });
  if (!bad) return;
  throw InputError(what, name.empty() ? "(empty)" : name.substr(0, kLongestName),
                   "expected a name without commas, quotes, slashes and control characters");
}

/// Results of commands have these keys beside those of tasks.
void require_free(const std::string& name, const std::string& what) {
  static const std::set<std::string> kTaken = {"decisions", "decisions_sha256", "mtl",
                                               "runs",      "seconds",          "seed",
                                               "weights",   "weights_sha256"};
  if (kTaken.contains(name)) {
    throw InputError(what, name, "is a word of mien's own results, expected another name");
  }
}

void require_outputs(const std::string& name, TaskKind kind,
                     const std::vector<std::string>& outputs, const std::string& what) {
  std::set<std::string> seen;
  for (const std::string& output : outputs) {
    require_name(output, concat(what, ": labels of ", name));
    if (!seen.insert(output).second) {
      throw InputError(concat(what, ": labels of ", name), output,
                       "is there twice, expected each label once");
    }
  }
  const std::size_t least = kind == TaskKind::kClasses ? 2 : 1;
  if (outputs.size() < least || outputs.size() > kMostOutputs) {
    throw InputError(
        concat(what, ": labels of ", name), concat(outputs.size(), " labels"),
        concat("expected ", least, " to ", kMostOutputs, " for the kind ", kind_name(kind)));
  }
}

/// Place among the challenge's tasks, behind them for others.
std::size_t rank_of(const std::string& name, TaskKind kind) {
  static const std::map<std::string, std::pair<std::size_t, TaskKind>> kRanks = {
      {"expr", {0, TaskKind::kClasses}},
      {"au", {1, TaskKind::kBinary}},
      {"va", {2, TaskKind::kContinuous}}};
  const auto found = kRanks.find(name);
  return found != kRanks.end() && found->second.second == kind ? found->second.first
                                                               : kRanks.size();
}

std::string text_in(const json& value, const std::string& what) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw InputError(what, value.dump().substr(0, 60), "expected a text");
}

double number_in(const json& value, const std::string& what) {
  double number = 0;
  const std::string text = text_in(value, what);
  if (!parse_number(text, number) || !std::isfinite(number)) {
    throw InputError(what, text, "expected a number");
  }
  return number;
}

TaskKind kind_from_name(const std::string& name, const std::string& what) {
  std::vector<std::string> names;
  for (const TaskKind kind : {TaskKind::kClasses, TaskKind::kBinary, TaskKind::kContinuous}) {
    names.push_back(kind_name(kind));
    if (names.back() == name) return kind;
  }
  throw InputError(what, name, "expected one of " + join(names), nearest_match(name, names));
}

ValueRange range_from_json(const json& value, const std::string& what) {
  if (!value.is_array() || value.size() != 2) {
    throw InputError(what, value.dump().substr(0, 60), "expected two numbers, [low, high]");
  }
  return {number_in(value.at(0), what), number_in(value.at(1), what)};
}

Task task_from_object(const json& value, const std::string& what) {
  static const std::vector<std::string> kKeys = {"name", "kind", "labels", "range"};
  for (const auto& [key, ignored] : value.items()) {
    if (std::ranges::find(kKeys, key) != kKeys.end()) continue;
    throw InputError(what + ": key", key, "expected name, kind, labels or range",
                     nearest_match(key, kKeys));
  }
  for (const char* key : {"name", "kind", "labels"}) {
    if (value.contains(key)) continue;
    throw InputError(what, json(value).dump().substr(0, 60),
                     concat("has no ", key,
                            ", expected a task such as {name: emotion, kind: classes, labels: "
                            "[neutral, happy]}"));
  }
  const std::string name = text_in(value.at("name"), what + ": name");
  const TaskKind kind = kind_from_name(text_in(value.at("kind"), what + ": kind"), what + ": kind");
  const json& labels = value.at("labels");
  if (!labels.is_array()) {
    throw InputError(what + ": labels", labels.dump().substr(0, 60), "expected a list of names");
  }
  std::vector<std::string> outputs;
  for (const json& label : labels) outputs.push_back(text_in(label, what + ": labels"));
  if (value.contains("range") && kind != TaskKind::kContinuous) {
    throw InputError(what + ": range", json(value.at("range")).dump().substr(0, 60),
                     "expected a range for the kind continuous only");
  }
  const ValueRange range =
      value.contains("range") ? range_from_json(value.at("range"), what + ": range") : ValueRange();
  return Task(name, kind, std::move(outputs), range, what);
}

}  // namespace

struct Task::Spec {
  std::string name;
  TaskKind kind = TaskKind::kClasses;
  std::vector<std::string> outputs;
  ValueRange range;

  std::tuple<std::size_t, const std::string&, TaskKind, const std::vector<std::string>&, double,
             double>
  key() const {
    return {rank_of(name, kind), name, kind, outputs, range.low, range.high};
  }
};

std::string kind_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::kClasses:
      return "classes";
    case TaskKind::kBinary:
      return "binary";
    case TaskKind::kContinuous:
      break;
  }
  return "continuous";
}

Task::Task() {
  static const auto kNone = std::make_shared<const Spec>();
  spec_ = kNone;
}

Task::Task(std::string name, TaskKind kind, std::vector<std::string> outputs, ValueRange range,
           const std::string& what) {
  require_name(name, what + ": name");
  require_free(name, what + ": name");
  require_outputs(name, kind, outputs, what);
  if (!(range.low < range.high)) {
    throw InputError(concat(what, ": range of ", name),
                     concat("[", shortest(range.low), ", ", shortest(range.high), "]"),
                     "expected the lower end first");
  }
  spec_ = std::make_shared<const Spec>(std::move(name), kind, std::move(outputs), range);
}

const std::string& Task::name() const {
  return spec_->name;
}

TaskKind Task::kind() const {
  return spec_->kind;
}

const std::vector<std::string>& Task::outputs() const {
  return spec_->outputs;
}

const ValueRange& Task::range() const {
  return spec_->range;
}

std::string Task::title() const {
  std::string text = name();
  if (is_challenge_task(*this)) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return text;
}

bool operator==(const Task& a, const Task& b) {
  return a.spec_ == b.spec_ || a.spec_->key() == b.spec_->key();
}

std::strong_ordering operator<=>(const Task& a, const Task& b) {
  if (a == b) return std::strong_ordering::equal;
  return a.spec_->key() < b.spec_->key() ? std::strong_ordering::less
                                         : std::strong_ordering::greater;
}

std::string task_name(const Task& task) {
  return task.name();
}

std::size_t label_columns(const Task& task) {
  return task.is_classes() ? 1 : score_columns(task);
}

std::size_t score_columns(const Task& task) {
  return task.outputs().size();
}

std::string metric_name(const Task& task) {
  return task.is_continuous() ? "ccc" : "f1";
}

std::string metric_key(const Task& task) {
  return concat(task.name(), "_", metric_name(task));
}

std::string metric_title(const Task& task) {
  return concat(task.title(), task.is_continuous() ? " CCC" : " F1");
}

std::string statistics_key(const Task& task) {
  switch (task.kind()) {
    case TaskKind::kClasses:
      return task.name() + "_counts";
    case TaskKind::kBinary:
      return task.name() + "_shares";
    case TaskKind::kContinuous:
      break;
  }
  return task.name() + "_means";
}

std::string outputs_key(const Task& task) {
  if (task.is_classes()) return "per_class";
  if (!is_challenge_task(task)) return "per_output";
  return task.is_binary() ? "per_au" : "";
}

Task task_from_json(const json& value, const std::string& what) {
  if (value.is_object()) return task_from_object(value, what);
  return challenge_task_from_name(text_in(value, what), what);
}

json to_json(const Task& task) {
  if (is_challenge_task(task)) return task.name();
  json object = {
      {"name", task.name()}, {"kind", kind_name(task.kind())}, {"labels", task.outputs()}};
  if (task.is_continuous()) object["range"] = {task.range().low, task.range().high};
  return object;
}

std::vector<Task> tasks_from_json(const json& value, const std::string& what) {
  const json list = value.is_array() ? value : json::array({value});
  std::vector<Task> tasks;
  std::set<std::string> names;
  for (const json& item : list) {
    const Task& task = tasks.emplace_back(task_from_json(item, what));
    if (names.insert(task.name()).second) continue;
    throw InputError(what, task.name(), "is there twice, expected each task once");
  }
  if (tasks.empty()) {
    throw InputError(what, "[]",
                     concat("expected some of ", join(names_of(challenge_tasks())),
                            ", or a task declared as {name: ..., kind: ..., labels: [...]}"));
  }
  return tasks;
}

json to_json(const std::vector<Task>& tasks) {
  json list = json::array();
  for (const Task& task : tasks) list.push_back(to_json(task));
  return list;
}

const Task& task_named(std::string_view name, const std::vector<Task>& tasks,
                       const std::string& what) {
  for (const Task& task : tasks) {
    if (task.name() == name) return task;
  }
  const std::vector<std::string> names = names_of(tasks);
  throw InputError(what, std::string(name), "expected one of " + join(names),
                   nearest_match(name, names));
}

std::vector<std::string> names_of(const std::vector<Task>& tasks) {
  std::vector<std::string> names;
  for (const Task& task : tasks) names.push_back(task.name());
  return names;
}

std::vector<Task> reported_tasks(const std::vector<Task>& tasks) {
  return std::ranges::all_of(tasks, is_challenge_task) ? challenge_tasks() : tasks;
}

}  // namespace mien
