#include "mien/training/options.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr double kLargest = 1e9;

void declare_optimizer(Fields& fields, OptimizerOptions& options) {
  fields.add("optimizer.lr", options.lr, "AdamW's learning rate at its highest", above(0));
  fields.add("optimizer.weight_decay", options.weight_decay, "decoupled, on every parameter",
             at_least(0));
  fields.add("optimizer.betas", options.betas, "decay of the two moments", from_below(0, 1));
  fields.add("optimizer.eps", options.eps, "added to the root of the second moment", above(0));
}

void declare_sam(Fields& fields, SamOptions& options) {
  fields.add("sam.rho", options.rho, "radius of the sharpness-aware step; 0: a plain step",
             at_least(0));
  fields.add("sam.adaptive", options.adaptive, "radius relative to each weight (ASAM)");
  fields.add("sam.same_dropout", options.same_dropout, "repeat pass 1's masks in pass 2");
  fields.add("sam.every", options.every,
             "a sharpness-aware step every so many, plain AdamW steps between: faster",
             between(1, kLargest));
}

void declare_schedule(Fields& fields, ScheduleOptions& options) {
  fields.add("schedule.kind", options.kind,
             "cosine to min_lr at the end; constant; reference: the published swing, which ends "
             "high (its epochs/4 period, no warm-up)",
             {"cosine", "constant", "reference"});
  fields.add("schedule.warmup_epochs", options.warmup_epochs, "epochs of linear rise",
             between(0, kLargest));
  fields.add("schedule.min_lr", options.min_lr, "learning rate at the lowest", at_least(0));
}

void declare_data(Fields& fields, TrainOptions& options) {
  fields.add_path("bank", options.bank, "bank of embeddings; several are put side by side");
  fields.add(
      "annotations",
      "where labels are: the challenge's folder, a table (.csv, .tsv), a folder of images per "
      "class, or a list of those",
      "a path, {path: ..., bank: ..., map: ...}, or a list of them",
      [&options](const nlohmann::json& value, const std::string& what) {
        options.annotations = annotations_from_json(value, what);
      },
      [&options] { return to_json(options.annotations); });
  fields.add(
      "tasks", "what is predicted",
      concat("some of ", join(names_of(challenge_tasks())),
             ", or {name: ..., kind: classes|binary|continuous, labels: [...]}"),
      [&options](const nlohmann::json& value, const std::string& what) {
        options.tasks = tasks_from_json(value, what);
      },
      [&options] { return to_json(options.tasks); });
  fields.add("split.train", options.split.train, "training videos", {"official"});
  fields.add("split.validation", options.split.validation, "validation videos", {"official"});
  fields.add("split.folds", options.split.folds,
             "0: the official splits; N: N folds of the training videos", between(0, 1000));
  fields.add("split.fold", options.split.fold, "the fold that validates", between(0, 999));
  fields.add("split.group", options.split.group,
             "regular expression whose first group, in a video's or image's name, is the person or "
             "recording that stays on one side; empty: a column group, else the video");
  fields.add("normalize", options.normalize,
             "embeddings on their way in: standardize by the training rows' mean and deviation; "
             "l2: each bank's to length 1",
             {"none", "standardize", "l2"});
}

/// Names of what an epoch can be chosen by.
std::vector<std::string> selections(const TrainOptions& options) {
  std::vector<std::string> names = {"f1", "loss"};
  for (const Task& task : options.tasks) names.push_back(metric_key(task));
  return names;
}

/// A map is of a task that is trained.
void check_maps(const TrainOptions& options) {
  const std::vector<std::string> names = names_of(options.tasks);
  for (const LabelSource& source : options.annotations.sources) {
    for (const auto& [task, labels] : source.map) {
      if (std::ranges::find(names, task) != names.end()) continue;
      throw InputError("annotations: map", task, "expected a task: one of " + join(names),
                       nearest_match(task, names));
    }
  }
}

bool has_cells(const TrainOptions& options) {
  return std::ranges::any_of(options.tasks, [](const Task& task) { return !task.is_continuous(); });
}

}  // namespace

Fields declare_fields(TrainOptions& options) {
  Fields fields;
  declare_data(fields, options);
  declare_fields(fields, options.head);
  declare_fields(fields, options.loss);
  declare_optimizer(fields, options.optimizer);
  declare_sam(fields, options.sam);
  declare_schedule(fields, options.schedule);
  fields.add("epochs", options.epochs, "passes over the training rows", between(1, kLargest));
  fields.add("batch_size", options.batch_size, "rows a step", between(2, kLargest));
  fields.add("shuffle", options.shuffle, "a new seeded order every epoch");
  fields.add("sampler", options.sampler,
             "shuffle: every row once an epoch; balanced: as many rows, every class and every "
             "binary output's positives equally often",
             {"shuffle", "balanced"});
  fields.add("seed", options.seed, "of weights, order and dropout", between(0, 4294967295.));
  fields.add_path("init", options.init, "safetensors with weights to start from; empty: random");
  fields.add("select", options.select,
             "what the best epoch has most of (f1: the mean of the tasks' F1, or CCC of continuous "
             "values; <task>_f1 or <task>_ccc: one task's), or least (loss)");
  fields.add("early_stop", options.early_stop, "epochs without gain before stopping; 0: never",
             between(0, kLargest));
  fields.add("ema", options.ema,
             "decay a step of an average of the weights, validated beside them; 0: none",
             from_below(0, 1));
  fields.add("precision", options.precision, "of the matrix products in training",
             {"fp32", "bf16"});
  return fields;
}

void check(const TrainOptions& options) {
  if (options.bank.empty() || options.bank.front().empty()) {
    throw InputError("bank", "(nothing)", "expected the folder of a bank (mien encode makes one)");
  }
  if (options.annotations.empty()) {
    throw InputError("annotations", "(nothing)", "expected a folder or a table of labels");
  }
  if (options.split.folds == 1 ||
      (options.split.folds > 0 && options.split.fold >= options.split.folds) ||
      (options.split.folds == 0 && options.split.fold != 0)) {
    throw InputError(
        "split.fold", std::to_string(options.split.fold),
        concat("expected 0 <= fold < split.folds, and at least 2 folds; split.folds = ",
               options.split.folds));
  }
  if (options.optimizer.betas.size() != 2) {
    throw InputError("optimizer.betas", concat(options.optimizer.betas.size(), " numbers"),
                     "expected two, [beta1,beta2]");
  }
  check(options.loss);
  if (options.schedule.kind != "constant" && options.schedule.min_lr > options.optimizer.lr) {
    throw InputError("schedule.min_lr", shortest(options.schedule.min_lr),
                     "expected at most optimizer.lr = " + shortest(options.optimizer.lr));
  }
  check_maps(options);
  const std::vector<std::string> choices = selections(options);
  if (std::ranges::find(choices, options.select) == choices.end()) {
    throw InputError("select", options.select, "expected one of " + join(choices),
                     nearest_match(options.select, choices));
  }
  if (options.sampler == "balanced" && !has_cells(options)) {
    throw InputError("sampler", options.sampler, "expected a task of classes or binary outputs");
  }
  if (options.sampler == "balanced" && !options.shuffle) {
    throw InputError("sampler", options.sampler, "expected shuffle = true beside it");
  }
}

}  // namespace mien
