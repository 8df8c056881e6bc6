// What a sweep came to: a line for each combination of values, its seeds together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mien/training/run_folder.h"
#include "mien/training/sweep.h"

namespace mien {

enum class SweepStatus { kMissing, kUnfinished, kFinished, kFailed };

/// One run as its record.json tells it.
struct SweepOutcome {
  SweepStatus status = SweepStatus::kMissing;
  double value = 0;                    ///< of `select` at the best epoch, larger is better
  std::map<std::string, double> best;  ///< the best epoch's metrics; its number is `epoch`
  double train_seconds = 0;
  std::string failure;
};

SweepOutcome outcome_of(const RunFolder& run);

/// `value` as people know it: a loss is small when it is good.
double shown_value(const std::string& select, double value);

/// Mean of n values and the 95 % interval of the mean by Student's t with n - 1 degrees of freedom;
/// no interval and no deviation for n = 1.
struct Spread {
  double mean = 0;
  std::optional<double> deviation, low, high;  ///< the sample's, by n - 1
};
Spread spread_of(const std::vector<double>& values);  ///< of at least one

/// All keys but the seed.
struct SweepRow {
  std::vector<std::string> values;  ///< of SweepTable::keys
  std::size_t runs = 0, finished = 0, failed = 0;
  std::optional<Spread> value;  ///< over the finished seeds; none without one
  std::string best_run;
  double best_value = 0;
  /// From the first combination of the grid, seed by seed; none where their finished seeds differ,
  /// and in its own row.
  std::optional<Spread> difference;
  std::map<std::string, double> metrics;  ///< means of the best epochs'
};

/// A run as it stands.
struct SweepLine {
  std::string run;
  std::vector<std::string> values;  ///< of all axes
  SweepOutcome outcome;
};

struct SweepTable {
  std::filesystem::path sweep;
  std::string select;
  std::vector<std::string> axes;          ///< all keys
  std::vector<std::string> keys, labels;  ///< axes without the seed
  std::vector<SweepRow> rows;             ///< best first
  std::vector<SweepLine> lines;           ///< in the order of the plan
  std::vector<std::string> baseline;      ///< values of the first combination
  std::size_t runs = 0, finished = 0, failed = 0;

  bool complete() const { return finished + failed == runs; }
};

/// Of what is on the disk; `failures` of this process count where a run left no record.
SweepTable make_table(const SweepPlan& plan, const std::filesystem::path& out,
                      const std::vector<SweepFailure>& failures);

nlohmann::json to_json(const SweepTable& table);
std::string to_csv(const SweepTable& table);
std::string to_text(const SweepTable& table);

}  // namespace mien
