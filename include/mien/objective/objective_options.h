// The parts of the loss that a user chooses.
#pragma once

#include <string>
#include <vector>

#include "mien/config/fields.h"

namespace mien {

struct ObjectiveOptions {
  double cvar_alpha = .5;
  std::string cvar_pool = "element";  ///< element | sample | per_au | per_video
  double auc_weight = 0;
  double auc_margin = .6;
  double auc_power = 2;
  std::string class_weights = "none";  ///< none | balanced
  double label_smoothing = 0;          ///< EXPR, [0, 1)
  double logit_adjustment = 0;         ///< EXPR, times the log prior; validation's loss has it too
  double focal = 0;                    ///< gamma
  std::vector<double> task_weights = {1, 1};
};

void declare_fields(Fields& fields, ObjectiveOptions& options);

/// What no single key can tell. Throws InputError that names the keys.
void check(const ObjectiveOptions& options);

}  // namespace mien
