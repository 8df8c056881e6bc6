#include "inspect/inspect_labels.h"

#include <algorithm>

#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/data/label_table.h"
#include "mien/data/labels.h"
#include "mien/scoring/prior.h"
#include "mien/training/dataset.h"
#include "mien/training/options.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

/// Of one output: how many rows know it, and what they say.
struct OutputFacts {
  std::int64_t known = 0, positive = 0;
  double sum = 0, low = 0, high = 0;

  void add(double value) {
    low = known == 0 ? value : std::min(low, value);
    high = known == 0 ? value : std::max(high, value);
    ++known;
    positive += value > 0;
    sum += value;
  }
};

json class_counts(const LabelSet& set) {
  std::vector<std::int64_t> counts(score_columns(set.task));
  for (const VideoLabels& video : set.videos) {
    for (const double label : video.values) {
      if (is_known(label)) ++counts[static_cast<std::size_t>(label)];
    }
  }
  json out = json::object();
  for (std::size_t c = 0; c < counts.size(); ++c) out[set.task.outputs()[c]] = counts[c];
  return out;
}

json output_counts(const LabelSet& set) {
  std::vector<OutputFacts> outputs(score_columns(set.task));
  for (const VideoLabels& video : set.videos) {
    for (std::size_t i = 0; i < video.values.size(); ++i) {
      if (is_known(video.values[i])) outputs[i % outputs.size()].add(video.values[i]);
    }
  }
  json out = json::object();
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const OutputFacts& facts = outputs[k];
    json& entry = out[set.task.outputs()[k]];
    entry["known"] = facts.known;
    if (set.task.is_binary()) {
      entry["positive"] = facts.positive;
    } else if (facts.known > 0) {
      entry["mean"] = facts.sum / static_cast<double>(facts.known);
      entry["from"] = facts.low;
      entry["to"] = facts.high;
    }
  }
  return out;
}

/// Labels per class, or per output; rows, videos and groups.
json set_json(const LabelSet& set) {
  std::int64_t rows = 0;
  for (const VideoLabels& video : set.videos) rows += static_cast<std::int64_t>(video.size());
  return {{"kind", kind_name(set.task.kind())},
          {"labelled_rows", rows},
          {"videos", set.videos.size()},
          {"groups", groups_of({set}).size()},
          {"labels", set.task.is_classes() ? class_counts(set) : output_counts(set)}};
}

/// How uneven classes are: the largest over the smallest that occurs.
void warn_of_imbalance(const LabelSet& set, Inspection& found) {
  if (!set.task.is_classes()) return;
  std::int64_t most = 0, least = 0;
  std::vector<std::string> absent;
  const json counts = class_counts(set);
  for (const auto& [name, count] : counts.items()) {
    const auto number = count.get<std::int64_t>();
    most = std::max(most, number);
    if (number == 0) absent.push_back(name);
    if (number > 0) least = least == 0 ? number : std::min(least, number);
  }
  if (least > 0 && most >= 20 * least) {
    found.warnings.push_back(concat(set.task.name(), ": the largest class has ", most / least,
                                    " times the labels of the smallest; sampler=balanced and "
                                    "loss.class_weights=balanced are there for that"));
  }
  if (!absent.empty()) {
    found.warnings.push_back(concat(set.task.name(), ": no label of ", join(absent)));
  }
}

/// The lines of a config.
std::string config_text(const fs::path& path, const std::vector<Task>& tasks, bool has_splits) {
  TrainOptions options;
  options.annotations = Annotations(fs::absolute(path).lexically_normal().string());
  options.tasks = tasks;
  std::string text;
  const std::string all = declare_fields(options).to_yaml(/*comments=*/false);
  for (const std::string_view line : split(all, '\n')) {
    if (line.starts_with("annotations:") || line.starts_with("tasks:")) {
      text += std::string(line) + "\n";
    }
  }
  if (!has_splits) text += "split: {folds: 5, fold: 0}\n";
  return text;
}

void describe_tasks(const fs::path& path, const std::vector<Task>& tasks,
                    const std::map<std::string, std::int64_t>& splits, Inspection& found) {
  if (tasks.empty()) {
    found.problems.push_back("no column looks like a label: expected classes, 0 and 1, or numbers");
    return;
  }
  json& facts = found.facts["tasks"] = json::object();
  for (const Split side : {Split::kTrain, Split::kValidation, Split::kTest}) {
    if (side != Split::kTrain && splits.empty()) continue;
    for (const LabelSet& set : load_labels(Annotations(path), tasks, side)) {
      facts[set.task.name()][split_name(side)] = set_json(set);
      if (side == Split::kTrain) warn_of_imbalance(set, found);
    }
  }
  found.config = config_text(path, tasks, !splits.empty());
}

}  // namespace

void inspect_label_table(const fs::path& path, Inspection& found) {
  const LabelTableFacts facts = look_at_label_table(path);
  found.facts = {{"layout", "table"},
                 {"rows", facts.rows},
                 {"rows_name", facts.by_image ? "images" : "videos and frames"},
                 {"splits", facts.splits},
                 {"groups", facts.groups > 0 ? json(facts.groups) : json("none named")},
                 {"weights", facts.has_weights},
                 {"columns_not_used", facts.unused}};
  describe_tasks(path, facts.tasks, facts.splits, found);
}

void inspect_class_folders(const fs::path& path, Inspection& found) {
  const std::vector<std::string> folders = folders_with_images(path);
  found.facts = {{"layout", "folder per class"}, {"classes", folders}};
  if (folders.size() < 2) {
    found.problems.push_back("one folder with images, expected a folder for each class");
    return;
  }
  describe_tasks(path, {Task("class", TaskKind::kClasses, folders)}, {}, found);
}

}  // namespace mien
