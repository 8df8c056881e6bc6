#include "mien/training/trainer.h"

#include <ATen/ops/zeros.h>

#include <chrono>
#include <cmath>

#include "checkpoint.h"
#include "event_file.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/training/batches.h"
#include "mien/training/dataset.h"
#include "mien/training/inputs.h"
#include "mien/training/schedule.h"
#include "mien/training/step.h"
#include "mien/training/validate.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kKept = "finished epochs are kept; the same command with --resume goes on";

void require_finite(const char* what, double loss, std::int64_t epoch) {
  if (std::isfinite(loss)) return;
  throw InputError(what, shortest(loss),
                   concat("expected a finite number in epoch ", epoch,
                          "; a lower optimizer.lr or more warm-up may help"));
}

/// What moves with the steps.
struct Schedules {
  Schedule lr;
  AlphaSchedule alpha;
};

/// Steps through the epoch's batches.
EpochRecord train_epoch(const TrainOptions& options, const Dataset& data,
                        const Schedules& schedules, SharpnessAwareStep& step, TrainingState& state,
                        Progress& progress) {
  const auto start = Clock::now();
  EpochRecord record{.epoch = state.epoch() + 1};
  const auto order = row_order(data.size(), options.shuffle,
                               static_cast<std::uint64_t>(options.seed), state.epoch());
  at::Tensor loss_sum = at::zeros({}, data.embeddings.options().dtype(at::kDouble));
  for (const BatchRange& range : batch_ranges(data.size(), options.batch_size)) {
    throw_if_interrupted(kKept);
    const Batch batch = data.gather(order, range.begin, range.end, at::kFloat);
    record.lr = schedules.lr.at(state.step);
    const at::Tensor loss = step(batch.embeddings, batch.targets, record.lr, state.step,
                                 schedules.alpha.at(state.step));
    loss_sum.add_(loss, range.end - range.begin);
    ++state.step;
    progress.advance(range.end - range.begin, concat("epoch ", record.epoch));
  }
  record.train_loss = loss_sum.item<double>() / static_cast<double>(data.size());
  record.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  record.samples_per_second = static_cast<double>(data.size()) / record.seconds;
  require_finite("train loss", record.train_loss, record.epoch);
  return record;
}

std::string epoch_line(const EpochRecord& record, std::int64_t epochs, bool best) {
  std::string line =
      concat("epoch ", record.epoch, "/", epochs, "  loss ", fixed(record.train_loss, 4),
             "  validation loss ", fixed(record.validation_loss, 4));
  line += task_metrics_text(record);
  line += "  " + with_thousands(std::llround(record.samples_per_second)) + " samples/s";
  return best ? line + "  best" : line;
}

/// Everything an epoch leaves, the checkpoint last: it vouches for the rest.
void keep_epoch(const RunFolder& run, Head& head, SharpnessAwareStep& step,
                const TrainingState& state, HeadMetadata metadata, bool best) {
  const EpochRecord& record = state.history.back();
  metadata.epoch = record.epoch;
  metadata.metrics = {{"validation_loss", record.validation_loss}};
  for (const TaskMetric& metric : task_metrics(record)) {
    if (metric.value) metadata.metrics[concat("validation_", metric.key)] = *metric.value;
  }
  if (best) save_head(run.best(), head, metadata);
  save_head(run.last(), head, metadata);
  write_text(run.metrics(), metrics_csv(state.history));
  save_checkpoint(run.state(), head, step, state);
}

TrainingState restored(const RunFolder& run, Head& head, SharpnessAwareStep& step,
                       const std::string& data_digest) {
  std::error_code ignored;
  if (!std::filesystem::exists(run.state(), ignored)) {
    log::info("no finished epoch in " + run.path().string() + ": starting over");
    return {.data_digest = data_digest};
  }
  TrainingState state = load_checkpoint(run.state(), head, step);
  if (state.data_digest != data_digest) {
    throw InputError("--resume", run.path().string(),
                     "the bank or the labels changed since; expected the same data");
  }
  log::info(concat("resuming after epoch ", state.epoch()));
  return state;
}

/// "expr 1.31, va 0.72"
std::string weights_text(const LearnedTaskWeights& learned, const std::vector<Task>& tasks) {
  std::vector<std::string> texts;
  const std::vector<double> weights = learned.weights();
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    texts.push_back(task_name(tasks[t]) + " " + fixed(weights[t], 4));
  }
  return join(texts);
}

/// Without gain for as many epochs as the options allow.
bool out_of_patience(const TrainOptions& options, const TrainingState& state) {
  return options.early_stop > 0 && state.epoch() - state.best_epoch >= options.early_stop;
}

}  // namespace

const EpochRecord& TrainSummary::best() const {
  return state.history.at(static_cast<std::size_t>(state.best_epoch - 1));
}

TrainSummary train(const TrainOptions& options, const Dataset& training, const Dataset& validation,
                   const RunFolder& run, const HeadMetadata& metadata, const std::string& device,
                   bool resume) {
  const Objective objective(options.loss, training.expr_counts());
  Head head = make_head(options, metadata.shape, device);
  SharpnessAwareStep step(head, objective, options.optimizer, options.sam,
                          options.precision == "bf16" ? Precision::kBf16 : Precision::kFull,
                          static_cast<std::uint64_t>(options.seed));
  const std::int64_t steps = std::ssize(batch_ranges(training.size(), options.batch_size));
  const Schedules schedules = {
      Schedule(options.schedule, options.optimizer.lr, options.epochs, steps),
      AlphaSchedule(options.loss, steps)};

  const std::string data_digest = training.digest() + validation.digest();
  TrainSummary summary;
  TrainingState& state = summary.state;
  state.data_digest = data_digest;
  if (resume) state = restored(run, head, step, data_digest);
  EventFile events(run, state.history);

  Progress progress("training", "samples", options.epochs * training.size());
  progress.skip(state.epoch() * training.size());
  while (state.epoch() < options.epochs && !out_of_patience(options, state)) {
    EpochRecord record = train_epoch(options, training, schedules, step, state, progress);
    const ValidationResult result = validate(head, objective, validation);
    require_finite("validation loss", result.loss, record.epoch);
    record.validation_loss = result.loss;
    record.expr_f1 = result.expr_f1;
    record.au_f1 = result.au_f1;
    record.va_ccc = result.va_ccc;
    record.wall_time = unix_time();
    const bool best = state.add(record, result.value_of(options.select));
    keep_epoch(run, head, step, state, metadata, best);
    events.append(record);
    log::info(epoch_line(record, options.epochs, best));
  }
  if (const LearnedTaskWeights* learned = step.task_weights()) {
    log::info("learned task weights: " + weights_text(*learned, metadata.shape.tasks));
  }
  summary.stopped_early = state.epoch() < options.epochs;
  summary.samples = state.epoch() * training.size();
  return summary;
}

}  // namespace mien
