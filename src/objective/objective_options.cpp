#include "mien/objective/objective_options.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

constexpr double kMostEpochs = 1e9;

}  // namespace

void declare_fields(Fields& fields, ObjectiveOptions& options) {
  fields.add("loss.cvar.alpha", options.cvar_alpha,
             "share of the worst losses that is averaged; 1: the mean", above_up_to(0, 1));
  fields.add("loss.cvar.pool", options.cvar_pool,
             "what the tail is taken of: all elements; samples, or each output by itself (binary, "
             "continuous); per_video: means of the batch's videos",
             {"element", "sample", "per_output", "per_video"});
  fields.add_old_choice("loss.cvar.pool", kOldOutputPool, "per_output");
  fields.add("loss.cvar.alpha_start", options.cvar_alpha_start,
             "alpha at the first step, with alpha_epochs", above_up_to(0, 1));
  fields.add("loss.cvar.alpha_epochs", options.cvar_alpha_epochs,
             "epochs in which alpha goes from alpha_start to alpha in a line; 0: it is alpha",
             between(0, kMostEpochs));
  fields.add("loss.auc.weight", options.auc_weight, "share of the AUC margin loss (binary outputs)",
             between(0, 1));
  fields.add("loss.auc.margin", options.auc_margin, "margin between positive and negative logits",
             above(0));
  fields.add("loss.auc.power", options.auc_power, "power of the margin's violation", at_least(1));
  fields.add("loss.class_weights", options.class_weights,
             "weight of a class's losses: none, or n / (C n_c) capped at 10", {"none", "balanced"});
  fields.add("loss.label_smoothing", options.label_smoothing,
             "classes: share of a label that goes to all classes alike", from_below(0, 1));
  fields.add(
      "loss.logit_adjustment", options.logit_adjustment,
      "classes: times the log prior of the training labels, added to the logits in the losses "
      "(training and validation), not in predictions",
      at_least(0));
  fields.add("loss.focal", options.focal,
             "gamma of the focal factor (1 - p)^gamma on each loss; 0: none", at_least(0));
  fields.add("loss.continuous", options.continuous,
             "continuous values: ccc, one minus the batch's concordance (no tail to take), or mse, "
             "squared errors like other elements",
             {"ccc", "mse"});
  fields.add_old_key(kOldContinuousKey, "loss.continuous");
  fields.add("loss.task_weights", options.task_weights,
             "weight of each task, in their order; 1 for a task beyond the list", at_least(0));
  fields.add("loss.task_weighting", options.task_weighting,
             "fixed, or learned: the sum of exp(-s) loss + s over the tasks, each s trained from "
             "-log(weight)",
             {"fixed", "learned"});
}

void check(const ObjectiveOptions& options) {
  if (options.learns_task_weights() && std::ranges::count(options.task_weights, 0.) > 0) {
    throw InputError("loss.task_weights", "0",
                     "expected weights above 0 to start from, with loss.task_weighting = learned");
  }
  if (options.label_smoothing > 0 && options.focal > 0) {
    throw InputError("loss.focal", shortest(options.focal),
                     "expected 0 with loss.label_smoothing = " + shortest(options.label_smoothing) +
                         ": one of the two");
  }
}

}  // namespace mien
