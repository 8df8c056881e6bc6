// A run with its decisions.json and the runs it is blended with: from videos to probabilities.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/head/head_file.h"
#include "mien/scoring/compute_scores.h"
#include "mien/scoring/decisions.h"

namespace mien {

/// A run opened for its scores.
struct OpenRun {
  std::filesystem::path folder, weights;
  HeadMetadata head;
  std::vector<Bank> banks;

  /// Through the run's cache. A video that the banks lack has none.
  LogitsByTask probabilities(const std::vector<std::string>& videos,
                             const std::string& device) const;
};

/// For each of the head's inputs a folder of its encoder: each is used once, in the given order.
/// Throws InputError (naming --bank) when there are too few.
std::vector<std::string> matching_banks(const std::vector<std::string>& folders,
                                        const HeadMetadata& head, const std::filesystem::path& run);

/// Opens runs for a blend, `which` ("best", "last") a run. `banks`: none for each run's own as
/// trained; for one run its banks in the order of training; for several runs each takes those whose
/// encoder digests match (matching_banks). Throws InputError.
std::vector<OpenRun> open_runs(const std::vector<std::filesystem::path>& folders,
                               const std::vector<std::string>& which,
                               const std::vector<std::string>& banks,
                               BankUse use = BankUse::kAnswers);

struct DecidedRun {
  std::vector<OpenRun> runs;  ///< the run itself, then those it is blended with
  DecisionRules rules;        ///< empty: raw
  std::vector<Task> tasks;    ///< that are predicted

  const HeadMetadata& head() const { return runs.front().head; }

  /// That the runs read, each once.
  std::vector<Bank> banks() const;

  /// Of every task: softmax, logistic, tanh, blended; not yet smoothed.
  LogitsByTask probabilities(const std::vector<std::string>& videos,
                             const std::string& device) const;

  /// The same from the probabilities of each run. A task without weights is the first run's that
  /// predicts it.
  LogitsByTask blended(std::vector<LogitsByTask> of_runs) const;

  /// What the training labels say of each task, from the first run that predicts it.
  Priors priors() const;

  /// The default rule for a task that was not tuned.
  DecisionRule rule(Task task) const;

  /// Whether a rule does more than the default one: `mien tune` chose it on the validation videos.
  bool decides_by_tuning() const;

  /// JSON object for reports: what is done to the scores.
  std::string description() const;
};

/// The run with its decisions.json when there is one and `raw` is false. Throws InputError for a
/// file that does not hold, and when a run's weights are not those that were tuned.
DecidedRun open_decided_run(const std::filesystem::path& folder, const std::string& which,
                            const std::vector<std::string>& banks, bool raw,
                            BankUse use = BankUse::kAnswers);

/// Several runs named side by side (one: as above). The first run's decisions.json holds when it
/// blends exactly these. Otherwise, and with `raw`, a task that one run predicts is that run's,
/// with its own decisions.json (`raw`: without); one that several predict is the mean of their
/// probabilities. Throws InputError when a decisions.json of theirs was tuned for a task that
/// several predict.
DecidedRun open_decided_runs(const std::vector<std::filesystem::path>& folders,
                             const std::string& which, const std::vector<std::string>& banks,
                             bool raw);

/// The heads that open_decided_runs() would use, without a look at banks.
std::vector<HeadMetadata> heads_of(const std::vector<std::filesystem::path>& folders,
                                   const std::string& which, bool raw);

}  // namespace mien
