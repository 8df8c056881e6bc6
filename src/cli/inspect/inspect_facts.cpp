#include "inspect/inspect_facts.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "inspect/inspect_bank.h"
#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/labels.h"
#include "mien/encoder/describe.h"
#include "mien/encoder/encoder.h"
#include "mien/head/head_file.h"
#include "mien/submission/check.h"
#include "mien/training/inputs.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

void inspect_encoder(const fs::path& path, bool verify, Inspection& found) {
  found.facts = describe_encoder(path, {});
  if (verify) load_encoder(path, {}, {});  // tries every path of it
}

json labels_json(const LabelSet& set) {
  std::int64_t rows = 0, valid = 0;
  for (const VideoLabels& video : set.videos) {
    rows += std::ssize(video.frames);
    for (std::size_t i = 0; i < video.frames.size(); ++i) {
      valid += is_valid_row(set.task, set.row(video, i));
    }
  }
  return {{"videos", set.videos.size()}, {"rows", rows}, {"valid_rows", valid}};
}

/// The recordings on both sides; a warning when there are any, naming `whose` split it is. The
/// official splits part the two people of some videos, so that it is no fault of the data.
json report_leaks(const LabelSplit& split, const std::string& whose, Inspection& found) {
  const std::vector<std::string> recordings = leaks(split);
  if (!recordings.empty()) {
    found.warnings.push_back(
        concat(whose, ": ", recordings.size(),
               " recordings are in training and in validation: ", some_of(recordings)));
  }
  return recordings;
}

void inspect_annotations(const fs::path& path, Inspection& found) {
  json tasks = json::object();
  std::set<std::string> shared;
  for (const Task task : tasks_in(path)) {
    try {
      const LabelSplit split = load_label_split(path.string(), {task}, {});
      const json recordings = report_leaks(split, task_name(task), found);
      tasks[task_name(task)] = {{"train", labels_json(split.training.front())},
                                {"validation", labels_json(split.validation.front())},
                                {"recordings_in_both_splits", recordings}};
      for (const json& recording : recordings) shared.insert(recording.get<std::string>());
    } catch (const InputError& problem) {
      found.problems.push_back(problem.what());
    }
  }
  found.facts = {{"layout", is_multitask_root(path) ? "multi-task list" : "challenge folders"},
                 {"tasks", tasks},
                 {"recordings_in_both_splits", shared}};
}

/// Of the run's own split, as far as its annotations are still where they were.
void inspect_split(const HeadMetadata& head, Inspection& found) {
  try {
    const LabelSplit split = load_label_split(head.annotations, head.shape.tasks, head.split);
    found.facts["recordings_in_both_splits"] = report_leaks(split, "split", found);
  } catch (const InputError& problem) {
    found.facts["recordings_in_both_splits"] = nullptr;
    found.warnings.push_back(std::string("the split was not looked at: ") + problem.what());
  }
}

void inspect_run(const fs::path& path, bool verify, Inspection& found) {
  for (const char* which : {"best", "last"}) {
    try {
      const fs::path weights = weights_of_run(path, which);
      const HeadMetadata head = read_head_metadata(weights);
      if (verify) verify_head(weights, head);
      json inputs = json::array();
      for (const HeadInput& input : head.inputs) inputs.push_back(input.encoder_name);
      std::vector<std::string> tasks;
      for (const Task task : head.shape.tasks) tasks.push_back(task_name(task));
      found.facts[which] = {
          {"epoch", head.epoch}, {"weights", head.weights}, {"metrics", head.metrics}};
      found.facts["tasks"] = tasks;
      found.facts["encoders"] = inputs;
      found.facts["input_dim"] = head.shape.input_dim;
      found.facts["normalize"] = normalize_name(head.shape.normalize);
      if (!found.facts.contains("recordings_in_both_splits")) inspect_split(head, found);
      found.facts["banks"] = head.banks;
    } catch (const InputError& problem) {
      found.problems.push_back(problem.what());
    }
  }
  for (const char* file : {"config.yaml", "record.json", "metrics.csv", "state.safetensors"}) {
    if (!fs::exists(path / file)) found.problems.push_back(concat("there is no ", file));
  }
}

std::string kind_of_folder(const fs::path& path) {
  if (is_bank(path)) return "bank";
  for (const char* file : {"best.safetensors", "last.safetensors", "config.yaml"}) {
    if (fs::exists(path / file)) return "run";
  }
  const std::vector<fs::path> roots = annotation_roots(path);
  if (roots.size() == 1) return "annotations";
  if (!roots.empty()) {
    std::vector<std::string> names;
    for (const fs::path& root : roots) names.push_back(root.filename().string());
    throw InputError("PATH", path.string(),
                     concat("holds several annotation folders (", join(names), "), expected one"),
                     roots.back().string());
  }
  throw InputError("PATH", path.string(),
                   "expected a bank, a run or the folder of the annotations");
}

std::string kind_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(2, '\0');
  in.read(start.data(), 2);
  return start == "PK" ? "encoder" : "submission";
}

void require_usable(const InspectOptions& options, const std::string& kind) {
  const char* flag = !options.images.empty() ? "--images" : options.videos ? "--videos" : nullptr;
  if (flag == nullptr || (kind == "bank" && options.verify)) return;
  throw InputError(flag, "(given)", "expected a bank and --verify beside it");
}

}  // namespace

Inspection inspect(const fs::path& path, const InspectOptions& options) {
  require_exists(path, "PATH", "an encoder, a bank, annotations, a run or a submission");
  Inspection found{.kind = fs::is_directory(path) ? kind_of_folder(path) : kind_of_file(path)};
  require_usable(options, found.kind);
  std::optional<BankExpectation> expected;  // a wrong root is no problem of the bank: not below
  if (!options.images.empty()) expected = expect_images(options.images);
  try {
    if (found.kind == "encoder") inspect_encoder(path, options.verify, found);
    if (found.kind == "bank") inspect_bank(path, options, std::move(expected), found);
    if (found.kind == "annotations") inspect_annotations(path, found);
    if (found.kind == "run") inspect_run(path, options.verify, found);
    if (found.kind == "submission") found.facts = to_json(inspect_submission(path));
  } catch (const InputError& problem) {
    found.problems.push_back(problem.what());
  }
  return found;
}

}  // namespace mien
