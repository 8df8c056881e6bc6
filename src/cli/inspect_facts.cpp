#include "inspect_facts.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"
#include "mien/data/labels.h"
#include "mien/encoder/encoder.h"
#include "mien/head/head_file.h"
#include "mien/submission/check.h"
#include "mien/training/inputs.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
constexpr std::size_t kListed = 20;  ///< failed frames that are named

void inspect_encoder(const fs::path& path, bool verify, Inspection& found) {
  found.facts = to_json(read_encoder_info(path, {}));
  if (verify) load_encoder(path, {}, {});  // runs it on one image
}

/// Every row that is not finite, by its frame.
void find_non_finite(const VideoEmbeddings& video, const std::string& name, Inspection& found) {
  for (std::size_t row = 0; row < video.frames().size(); ++row) {
    if (video.is_finite(row)) continue;
    found.problems.push_back(
        concat(name, ".safetensors: frame ", video.frames()[row], " is not finite"));
  }
}

void inspect_bank(const fs::path& path, bool verify, Inspection& found) {
  const Bank bank(path);
  std::int64_t frames = 0, failed = 0;
  json failures = json::array();
  for (const std::string& name : bank.videos()) {
    throw_if_interrupted("nothing was changed");
    try {
      const VideoEmbeddings video = bank.open(name);
      frames += std::ssize(video.frames());
      failed += std::ssize(video.failed());
      for (const FailedFrame& frame : video.failed()) {
        if (failures.size() == kListed) break;
        failures.push_back({{"video", name}, {"frame", frame.frame}, {"reason", frame.reason}});
      }
      if (verify) find_non_finite(video, name, found);
      video.release_pages();
    } catch (const InputError& problem) {
      found.problems.push_back(problem.what());
    }
  }
  found.facts = {{"encoder", to_json(bank.info().encoder)},
                 {"embedding_dim", bank.info().encoder.embedding_dim},
                 {"videos", bank.videos().size()},
                 {"frames", frames},
                 {"failed", failed},
                 {"failures", failures},
                 {"sources", bank.info().sources}};
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

void inspect_annotations(const fs::path& path, Inspection& found) {
  json tasks = json::object();
  std::set<std::string> shared;
  for (const Task task : tasks_in(path)) {
    try {
      const LabelSplit split = load_label_split(path.string(), {task}, {});
      tasks[task_name(task)] = {{"train", labels_json(split.training.front())},
                                {"validation", labels_json(split.validation.front())}};
      for (const std::string& recording : leaks(split)) shared.insert(recording);
    } catch (const InputError& problem) {
      found.problems.push_back(problem.what());
    }
  }
  found.facts = {{"layout", is_multitask_root(path) ? "multi-task list" : "challenge folders"},
                 {"tasks", tasks},
                 {"recordings_in_both_splits", shared}};
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
      found.facts[which] = {{"epoch", head.epoch}, {"metrics", head.metrics}};
      found.facts["tasks"] = tasks;
      found.facts["encoders"] = inputs;
      found.facts["input_dim"] = head.shape.input_dim;
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
  if (is_multitask_root(path) || !tasks_in(path).empty()) return "annotations";
  throw InputError("PATH", path.string(),
                   "expected a bank, a run or the folder of the annotations");
}

std::string kind_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(2, '\0');
  in.read(start.data(), 2);
  return start == "PK" ? "encoder" : "submission";
}

}  // namespace

Inspection inspect(const fs::path& path, bool verify) {
  require_exists(path, "PATH", "an encoder, a bank, annotations, a run or a submission");
  Inspection found{.kind = fs::is_directory(path) ? kind_of_folder(path) : kind_of_file(path)};
  try {
    if (found.kind == "encoder") inspect_encoder(path, verify, found);
    if (found.kind == "bank") inspect_bank(path, verify, found);
    if (found.kind == "annotations") inspect_annotations(path, found);
    if (found.kind == "run") inspect_run(path, verify, found);
    if (found.kind == "submission") found.facts = to_json(inspect_submission(path));
  } catch (const InputError& problem) {
    found.problems.push_back(problem.what());
  }
  return found;
}

}  // namespace mien
