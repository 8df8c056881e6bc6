// How good the head is on the validation rows, after an epoch.
#pragma once

#include <map>
#include <string>

#include "mien/head/head.h"
#include "mien/objective/objective.h"
#include "mien/training/dataset.h"

namespace mien {

struct ValidationResult {
  /// The objective over all rows at once, without the AUC part and with the options' task weights
  /// and final alpha, so that epochs can be compared.
  double loss = 0;
  /// By metric_key() of each task: its official metric over the rows that it is known for.
  std::map<std::string, double> metrics;

  /// What `select` says: larger is better. "f1" is the mean of all metrics.
  double value_of(const std::string& select) const;
};

/// Evaluation mode, in batches; the numbers equal `mien evaluate`'s on the same rows.
ValidationResult validate(const Head& head, const Objective& objective, const Dataset& data);

}  // namespace mien
