#include "inspect/inspect_facts.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "inspect/inspect_bank.h"
#include "inspect/inspect_labels.h"
#include "inspect/inspect_run.h"
#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/core/text_file.h"
#include "mien/data/label_table.h"
#include "mien/data/labels.h"
#include "mien/encoder/describe.h"
#include "mien/encoder/encoder.h"
#include "mien/submission/check.h"
#include "mien/submission/video_files.h"
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
      valid += is_known_row(set.row(video, i));
    }
  }
  return {{"videos", set.videos.size()}, {"rows", rows}, {"valid_rows", valid}};
}

void inspect_annotations(const fs::path& path, Inspection& found) {
  json tasks = json::object();
  std::set<std::string> shared;
  for (const Task& task : tasks_in(path)) {
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

/// The 3rd edition's: files whose first line is the header of a task.
bool is_submission_folder(const fs::path& path) {
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; at != end; at.increment(error)) {
    if (lower(at->path().extension().string()) != ".txt" || !at->is_regular_file(error)) continue;
    std::ifstream in(at->path());
    std::string start(200, '\0');  // longer than any header
    in.read(start.data(), static_cast<std::streamsize>(start.size()));
    start.resize(static_cast<std::size_t>(in.gcount()));
    if (task_of_video_header(first_line(start))) return true;
  }
  return false;
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
  if (is_submission_folder(path)) return "submission";
  if (!folders_with_images(path).empty()) return "labels";
  throw InputError(
      "PATH", path.string(),
      "expected a bank, a run, labels (the folder of the annotations, a folder of images per "
      "class) or a submission's folder");
}

/// A TorchScript archive is a .zip, too: what is in it tells it from packed text. A damaged one is
/// an encoder's, which says what is wrong with it.
std::string kind_of_zip(const fs::path& path) {
  const std::vector<std::string> names = names_in_zip(path);
  const auto is_of_module = [](const std::string& name) {
    const std::string last = fs::path(name).filename().string();
    return last == "data.pkl" || last == "constants.pkl" || last == "version";
  };
  const auto is_text = [](const std::string& name) {
    return lower(fs::path(name).extension().string()) == ".txt";
  };
  const auto may_be_of_module = [](const std::string& name) {  // what stands before, in a cut one
    return name.find("/data/") != name.npos || name.find("/extra/") != name.npos;
  };
  if (names.empty() || std::ranges::any_of(names, is_of_module)) return "encoder";
  if (std::ranges::any_of(names, is_text)) return "submission";
  if (std::ranges::any_of(names, may_be_of_module)) return "encoder";
  throw InputError("PATH", path.string(),
                   "expected an encoder (a TorchScript archive) or a .zip of a submission's .txt "
                   "files, this .zip holds " +
                       some_of(names));
}

bool is_submission_file(const fs::path& path) {
  try {
    return task_of_header(first_line(TextFile(path).text())).has_value();
  } catch (const InputError&) {
    return true;  // what is wrong with it is said where it is read
  }
}

std::string kind_of_file(const fs::path& path) {
  require_regular_file(path, "PATH");
  std::ifstream in(path, std::ios::binary);
  std::string start(2, '\0');
  in.read(start.data(), 2);
  if (start == "PK") return kind_of_zip(path);
  if (is_foreign_encoder(path)) return "encoder";
  return is_label_table(path) && !is_submission_file(path) && has_label_rows(path) ? "labels"
                                                                                   : "submission";
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
  if (!options.images.empty())
    expected = expect_images(options.images, is_bank(path) && Bank(path).info().photos);
  try {
    if (found.kind == "encoder") inspect_encoder(path, options.verify, found);
    if (found.kind == "bank") inspect_bank(path, options, std::move(expected), found);
    if (found.kind == "annotations") inspect_annotations(path, found);
    if (found.kind == "labels" && fs::is_directory(path)) inspect_class_folders(path, found);
    if (found.kind == "labels" && !fs::is_directory(path)) inspect_label_table(path, found);
    if (found.kind == "run") inspect_run(path, options.verify, found);
    if (found.kind == "submission") found.facts = to_json(inspect_submission(path));
  } catch (const InputError& problem) {
    found.problems.push_back(problem.what());
  }
  return found;
}

}  // namespace mien
