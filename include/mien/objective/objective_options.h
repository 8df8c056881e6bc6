// The parts of the loss that a user chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mien/config/fields.h"

namespace mien {

struct ObjectiveOptions {
  double cvar_alpha = .5;
  double cvar_alpha_start = 1;         ///< where a schedule of alpha starts
  std::int64_t cvar_alpha_epochs = 0;  ///< epochs until it is cvar_alpha; 0: it always is
  std::string cvar_pool = "element";   ///< element | sample | per_output | per_video
  double auc_weight = 0;
  double auc_margin = .6;
  double auc_power = 2;
  std::string class_weights = "none";  ///< none | balanced
  double label_smoothing = 0;          ///< classes, [0, 1)
  double logit_adjustment = 0;         ///< classes, times the log prior; validation's loss too
  double focal = 0;                    ///< gamma
  std::string continuous = "ccc";      ///< ccc | mse
  std::vector<double> task_weights = {1, 1};  ///< in the order of the tasks; 1 beyond the list
  std::string task_weighting = "fixed";       ///< fixed | learned

  double task_weight(std::size_t task) const {
    return task < task_weights.size() ? task_weights[task] : 1;
  }
  bool learns_task_weights() const { return task_weighting == "learned"; }
};

void declare_fields(Fields& fields, ObjectiveOptions& options);

/// What no single key can tell. Throws InputError that names the keys.
void check(const ObjectiveOptions& options);

}  // namespace mien
