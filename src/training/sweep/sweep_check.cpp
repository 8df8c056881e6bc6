// What is looked at before a sweep's first step.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "data/shared_inputs.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/head/head.h"
#include "mien/training/record.h"
#include "mien/training/resume.h"
#include "mien/training/sweep.h"
#include "sweep/sweep_runs.h"

namespace mien {
namespace {

using nlohmann::json;

/// Banks, labels and heads of the runs, each looked at once.
class InputCheck {
 public:
  void look_at(const TrainOptions& options) {
    const std::vector<Bank> banks = banks_of(options);
    if (seen_.insert("data " + data_key(options)).second) look_at_labels(options, banks);
    const std::string head = concat(
        "head ", join(options.bank, "\n"), "\n", json_text(to_json(options.tasks)), " ",
        options.head.layers, " ", options.head.width, " ", options.normalize, " ", options.init);
    if (seen_.insert(head).second) make_head(options, shape_of(options, banks), {}, "cpu");
  }

  /// Throws InputError when the run was trained on other rows than it would be now.
  void require_same_data(const RunFolder& run, const TrainOptions& options) {
    const json record = json::parse(read_text(run.record()), nullptr, /*allow_exceptions=*/false);
    const std::string key = data_key(options);
    if (digests_in(record) == digests_.at(key)) return;
    std::error_code ignored;
    if (!std::filesystem::exists(run.state(), ignored)) {
      throw InputError("--resume", run.path().string(),
                       "the bank or the labels changed since; expected the same data");
    }
    // A bank that was copied, or has more videos now, still gives the same rows.
    std::string& of_rows = row_digests_[key];
    if (of_rows.empty()) of_rows = rows_of(options).data_digest();
    require_fits(run, options, of_rows);
  }

 private:
  std::vector<Bank> banks_of(const TrainOptions& options) {
    std::vector<Bank> banks;
    for (const std::string& folder : bank_paths(options)) {
      auto found = banks_.find(folder);
      if (found == banks_.end()) {
        found = banks_.emplace(folder, open_bank(folder)).first;
        require_clean(found->second, "bank");
      }
      banks.push_back(found->second);
    }
    return banks;
  }

  void look_at_labels(const TrainOptions& options, const std::vector<Bank>& banks) {
    const LabelSplit labels = load_label_split(options.annotations, options.tasks, options.split);
    warn_of_leaks(leaks(labels), warned_);
    digests_[data_key(options)] = digests_of(banks, labels);
  }

  static TrainingInputs rows_of(TrainOptions options) {
    options.normalize = "none";
    options.init.clear();
    return load_inputs(options, "cpu");
  }

  std::set<std::string> seen_, warned_;
  std::map<std::string, Bank> banks_;
  std::map<std::string, DataDigests> digests_;      ///< by data_key()
  std::map<std::string, std::string> row_digests_;  ///< where they had to be read
};

void check_folders(const std::vector<const SweepRun*>& runs, const SweepRequest& request) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(request.out, ignored);
  const bool alone = request.shard.count == 1;
  if (request.resume && alone) require_exists(request.out, "--out", "the folder of a sweep");
  if (there && alone && !request.resume && !request.force &&
      !std::filesystem::is_empty(request.out, ignored)) {
    throw InputError("--out", request.out.string(),
                     "exists already; give another name, --resume or --force");
  }
  for (const SweepRun* run : runs) {
    const RunFolder folder = folder_of(request, *run);
    if (!is_there(folder)) continue;
    if (request.resume) {
      require_resumable(*run->configuration, folder);
    } else {
      folder.require_free(request.force, run->configuration->options.init);
    }
  }
}

}  // namespace

void check_sweep(const SweepPlan& plan, const SweepRequest& request) {
  const std::vector<const SweepRun*> runs = own_runs(plan, request.shard);
  check_folders(runs, request);
  InputCheck check;
  for (const SweepRun& run : plan.runs) check.look_at(run.configuration->options);
  if (!request.resume) return;
  for (const SweepRun* run : runs) {
    const RunFolder folder = folder_of(request, *run);
    if (is_through(*run, folder)) check.require_same_data(folder, run->configuration->options);
  }
}

}  // namespace mien
