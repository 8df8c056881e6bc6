// How good the head is on the validation rows, after an epoch.
#pragma once

#include <optional>

#include "mien/head/head.h"
#include "mien/objective/objective.h"
#include "mien/training/dataset.h"

namespace mien {

struct ValidationResult {
  /// The objective over all rows at once, without the AUC part and with the options' task weights
  /// and final alpha, so that epochs can be compared.
  double loss = 0;
  std::optional<double> expr_f1;  ///< official: mean over all 8 classes
  std::optional<double> au_f1;    ///< official: frames with any -1 are dropped
  std::optional<double> va_ccc;   ///< official: mean of valence's and arousal's

  /// What `select` says: larger is better. "f1" is the mean over the trained tasks of their F1, or
  /// CCC for VA.
  double value_of(const std::string& select) const;
};

/// Evaluation mode, in batches; the numbers equal `mien evaluate`'s on the same rows.
ValidationResult validate(const Head& head, const Objective& objective, const Dataset& data);

}  // namespace mien
