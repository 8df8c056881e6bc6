// What `mien train` can be told: one declaration a key.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mien/config/fields.h"
#include "mien/data/annotations.h"
#include "mien/data/challenge.h"
#include "mien/data/tasks.h"
#include "mien/head/head_file.h"
#include "mien/head/head_shape.h"
#include "mien/objective/objective_options.h"

namespace mien {

struct OptimizerOptions {
  double lr = 1e-3;
  double weight_decay = 1e-4;
  std::vector<double> betas = {.9, .999};
  double eps = 1e-8;
};

struct SamOptions {
  double rho = .05;
  bool adaptive = false;
  bool same_dropout = false;
  std::int64_t every = 1;
};

struct ScheduleOptions {
  std::string kind = "cosine";  ///< cosine | constant | reference
  std::int64_t warmup_epochs = 1;
  double min_lr = 1e-5;
};

struct TrainOptions {
  std::vector<std::string> bank;
  Annotations annotations;
  std::vector<Task> tasks = {challenge_tasks().front()};
  SplitSpec split;
  std::string normalize = "none";  ///< none | standardize | l2
  HeadOptions head;
  ObjectiveOptions loss;
  OptimizerOptions optimizer;
  SamOptions sam;
  ScheduleOptions schedule;
  std::int64_t epochs = 32;
  std::int64_t batch_size = 512;
  bool shuffle = true;
  std::string sampler = "shuffle";  ///< shuffle | balanced
  std::int64_t seed = 5;
  std::string init;
  std::string select = "f1";  ///< f1 | loss | the metric_key() of a task
  std::int64_t early_stop = 0;
  double ema = 0;  ///< decay a step
  std::string precision = "fp32";
};

/// Binds every key to `options`, which outlives the result.
Fields declare_fields(TrainOptions& options);

/// What no single key can tell. Throws InputError that names the keys.
void check(const TrainOptions& options);

}  // namespace mien
