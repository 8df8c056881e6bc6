// How good the head is on the validation rows, after an epoch.
#pragma once

#include <optional>

#include "mien/head/head.h"
#include "mien/objective/objective.h"
#include "mien/training/dataset.h"

namespace mien {

struct ValidationResult {
  double loss = 0;                ///< the objective over all rows at once, without the AUC part
  std::optional<double> expr_f1;  ///< official: mean over all 8 classes
  std::optional<double> au_f1;    ///< official: frames with any -1 are dropped

  /// What `select` says: larger is better.
  double value_of(const std::string& select) const;
};

/// Evaluation mode, in batches; the numbers equal `mien evaluate`'s on the same rows.
ValidationResult validate(const Head& head, const Objective& objective, const Dataset& data);

}  // namespace mien
