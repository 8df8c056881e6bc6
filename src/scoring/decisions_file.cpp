#include "mien/scoring/decisions_file.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kFormat = "mien-decisions";
constexpr int kVersion = 1;

/// Reads one file's values; every refusal names the file and the key.
class Reader {
 public:
  explicit Reader(fs::path file) : file_(std::move(file)) {}

  std::string name(const std::string& key) const { return file_.string() + " " + key; }

  [[noreturn]] void fail(const std::string& key, const std::string& value,
                         const std::string& expected) const {
    throw InputError(name(key), value, expected);
  }

  /// `parent[key]`; `key`'s last name is looked up, the whole is shown.
  const json& member(const json& parent, const std::string& key) const {
    const std::string last = key.substr(key.rfind('.') + 1);
    if (!parent.is_object() || !parent.contains(last)) fail(key, "(missing)", "expected this key");
    return parent.at(last);
  }

  std::string text(const json& parent, const std::string& key) const {
    const json& value = member(parent, key);
    if (!value.is_string()) fail(key, shown(value), "expected a text");
    return value.get<std::string>();
  }

  std::int64_t whole(const json& parent, const std::string& key) const {
    const json& value = member(parent, key);
    if (!value.is_number_integer()) fail(key, shown(value), "expected a whole number");
    return value.get<std::int64_t>();
  }

  /// `count` finite numbers in [low, high]; none when the key is not there.
  std::vector<double> numbers(const json& parent, const std::string& key, std::size_t count,
                              double low, double high) const {
    const std::string last = key.substr(key.rfind('.') + 1);
    if (!parent.contains(last)) return {};
    const json& list = parent.at(last);
    if (!list.is_array() || list.size() != count) {
      fail(key, shown(list), concat("expected ", count, " numbers"));
    }
    std::vector<double> out;
    for (const json& item : list) {
      const double value = item.is_number() ? item.get<double>() : std::nan("");
      if (!(value >= low && value <= high)) {
        fail(key, shown(item), concat("expected numbers from ", low, " to ", high));
      }
      out.push_back(value);
    }
    return out;
  }

 private:
  static std::string shown(const json& value) {
    const std::string text = json_text(value);
    return text.size() > 60 ? text.substr(0, 60) + "..." : text;
  }

  fs::path file_;
};

Smoothing smoothing_of(const Reader& reader, const json& task, const std::string& key) {
  const json& value = reader.member(task, key);
  Smoothing smoothing;
  const std::string kind = reader.text(value, key + ".kind");
  smoothing.kind = smoothing_from_name(kind, reader.name(key + ".kind"));
  const std::int64_t half_window = reader.whole(value, key + ".half_window");
  const bool none = smoothing.kind == SmoothingKind::kNone;
  if (none ? half_window != 0 : half_window < 1 || half_window > kMaxHalfWindow) {
    reader.fail(key + ".half_window", std::to_string(half_window),
                none ? std::string("expected 0 without smoothing")
                     : concat("expected 1 to ", kMaxHalfWindow));
  }
  smoothing.half_window = static_cast<std::int32_t>(half_window);
  return smoothing;
}

DecisionRule rule_of(const Reader& reader, const Task& task, const json& value, std::size_t runs) {
  constexpr double kMostBias = 1e3;
  const std::string key = "tasks." + task_name(task);
  if (!value.is_object()) reader.fail(key, "(no object)", "expected an object");
  DecisionRule rule;
  rule.weights = reader.numbers(value, key + ".weights", runs, 0, 1);
  const double sum = std::accumulate(rule.weights.begin(), rule.weights.end(), 0.0);
  if (!rule.weights.empty() && std::abs(sum - 1) > 1e-6) {
    reader.fail(key + ".weights", "sum " + shortest(sum), "expected weights that sum to 1");
  }
  rule.smoothing = smoothing_of(reader, value, key + ".smoothing");
  if (task.is_classes()) {
    rule.bias = reader.numbers(value, key + ".bias", score_columns(task), -kMostBias, kMostBias);
  }
  if (task.is_binary()) {
    rule.thresholds = reader.numbers(value, key + ".thresholds", score_columns(task), 0, 1);
  }
  return rule;
}

json parsed(const Reader& reader, const fs::path& file) {
  try {
    return json::parse(read_text(file, "decisions"));
  } catch (const json::exception&) {
    reader.fail("content", "(no JSON)", "expected what mien tune writes");
  }
}

}  // namespace

fs::path decisions_path(const fs::path& run) {
  return run / "decisions.json";
}

json to_json(const Task& task, const DecisionRule& rule) {
  json out = {{"smoothing",
               {{"kind", smoothing_name(rule.smoothing.kind)},
                {"half_window", rule.smoothing.half_window}}}};
  if (!is_challenge_task(task)) out["task"] = to_json(task);
  if (!rule.weights.empty()) out["weights"] = rule.weights;
  if (task.is_classes()) {
    out["bias"] = rule.bias.empty() ? std::vector<double>(score_columns(task)) : rule.bias;
  }
  if (task.is_binary()) {
    out["thresholds"] =
        rule.thresholds.empty() ? std::vector<double>(score_columns(task), 0.5) : rule.thresholds;
  }
  return out;
}

DecisionsFile read_decisions(const fs::path& file) {
  const Reader reader(file);
  const json content = parsed(reader, file);
  const std::string format = reader.text(content, "format");
  if (format != kFormat) reader.fail("format", format, concat("expected ", kFormat));
  const std::int64_t version = reader.whole(content, "version");
  if (version != kVersion) {
    reader.fail("version", std::to_string(version), concat("expected ", kVersion));
  }
  DecisionsFile decisions;
  const json& runs = reader.member(content, "runs");
  if (!runs.is_array() || runs.empty()) reader.fail("runs", "(none)", "expected a list of runs");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string key = concat("runs[", i, "]");
    decisions.runs.push_back({reader.text(runs[i], key + ".path"),
                              reader.text(runs[i], key + ".weights"),
                              reader.text(runs[i], key + ".weights_sha256")});
  }
  const json& tasks = reader.member(content, "tasks");
  if (!tasks.is_object()) reader.fail("tasks", "(no object)", "expected a rule a task");
  for (const auto& [name, value] : tasks.items()) {
    const std::string what = file.string() + " tasks";
    const Task task = task_from_json(
        value.is_object() && value.contains("task") ? value.at("task") : json(name), what);
    decisions.rules[task] = rule_of(reader, task, value, runs.size());
  }
  return decisions;
}

void require_tuned_weights(const fs::path& weights, const DecidingRun& tuned,
                           const fs::path& file) {
  if (sha256_of_file(weights) == tuned.weights_sha256) return;
  const fs::path run = weights.parent_path(), other = run / (tuned.weights + ".safetensors");
  std::error_code ignored;
  const bool named = other.filename() != weights.filename() && fs::exists(other, ignored) &&
                     sha256_of_file(other) == tuned.weights_sha256;
  throw InputError("RUN", run.string(),
                   concat(weights.filename().string(), " is not what ", file.string(),
                          " was tuned on; expected ",
                          named ? concat("--weights ", tuned.weights, ", ") : std::string(),
                          "--raw, or mien tune again"));
}

void write_decisions(const fs::path& file, const DecisionsFile& decisions) {
  json runs = json::array(), tasks = json::object();
  for (const DecidingRun& run : decisions.runs) {
    runs.push_back(
        {{"path", run.path}, {"weights", run.weights}, {"weights_sha256", run.weights_sha256}});
  }
  for (const auto& [task, rule] : decisions.rules) tasks[task_name(task)] = to_json(task, rule);
  const json content = {
      {"format", kFormat}, {"version", kVersion}, {"runs", runs}, {"tasks", tasks}};
  write_text(file, json_text(content, 2) + "\n");
}

}  // namespace mien
