#include "mien/training/trainer.h"

#include <chrono>
#include <optional>

#include "learner.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/training/batches.h"
#include "mien/training/dataset.h"
#include "mien/training/resume.h"
#include "mien/training/schedule.h"
#include "mien/training/validate.h"
#include "run/checkpoint.h"
#include "run/epoch_end.h"
#include "run/epoch_log.h"
#include "run/event_file.h"
#include "step/divergence.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

/// What stays as it is from epoch to epoch.
struct Plan {
  const TrainOptions& options;
  const Dataset& data;
  const RunFolder& run;
  std::vector<BatchRange> batches;
  Schedule schedule;
  AlphaSchedule alpha;
  RowOrder rows;

  std::int64_t steps_per_epoch() const { return std::ssize(batches); }
};

Plan plan_of(const TrainOptions& options, const Dataset& data, const RunFolder& run) {
  auto batches = batch_ranges(data.size(), options.batch_size);
  const Schedule schedule(options.schedule, options.optimizer.lr, options.epochs,
                          std::ssize(batches));
  const AlphaSchedule alpha(options.loss, std::ssize(batches));
  RowOrder rows(data.size(), options.shuffle, static_cast<std::uint64_t>(options.seed));
  if (options.sampler == "balanced") rows.balance(balance_cells(data));
  return {options, data, run, std::move(batches), schedule, alpha, std::move(rows)};
}

/// Steps through the epoch's batches.
EpochRecord train_epoch(const Plan& plan, Learner& learner, TrainingState& state,
                        Progress* progress) {
  const auto start = Clock::now();
  const auto& [options, data, run, batches, schedule, alpha, rows] = plan;
  EpochRecord record{.epoch = state.epoch() + 1};
  const auto order = rows.order(state.epoch());
  const EpochPlace place{run, data, order, batches, state.epoch(), state.step};
  EpochLog log(plan.steps_per_epoch(), data.embeddings.device());
  for (const BatchRange& range : batches) {
    throw_if_interrupted(kEpochsAreKept);
    const Batch batch = data.gather(order, range.begin, range.end, at::kFloat);
    record.lr = schedule.at(state.step);
    log.add(
        learner.step(batch.embeddings, batch.targets, record.lr, state.step, alpha.at(state.step)));
    ++state.step;
    if (learner.average) learner.average->add(learner.head, state.step);
    if (log.due()) require_finite(log, place);
    if (progress != nullptr) {
      progress->advance(range.end - range.begin, concat("epoch ", record.epoch));
    }
  }
  require_finite(log, place);
  log.summarise(batches, options.tasks, record);
  record.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  record.samples_per_second = static_cast<double>(data.size()) / record.seconds;
  return record;
}

TrainingState restored(const Plan& plan, Learner& learner, const std::string& data_digest) {
  std::error_code ignored;
  if (!std::filesystem::exists(plan.run.state(), ignored)) {
    log::info("no finished epoch in " + plan.run.path().string() + ": starting over");
    return {.data_digest = data_digest};
  }
  TrainingState state = load_checkpoint(plan.run.state(), learner);
  require_fits(plan.run, state, plan.options, data_digest);
  log::info(outlook(state, plan.options, plan.schedule, plan.steps_per_epoch()));
  return state;
}

/// "emotion 1.31, pain 0.72"
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

EpochRecord TrainSummary::best() const {
  const EpochRecord& record = state.history.at(static_cast<std::size_t>(state.best_epoch - 1));
  return state.best_is_average ? record.of_average() : record;
}

TrainSummary train(const TrainOptions& options, const Dataset& training, const Dataset& validation,
                   const RunFolder& run, const HeadMetadata& metadata, const std::string& device,
                   bool resume, const EpochListener& listener) {
  const Objective objective(options.loss, training.class_counts());
  Learner learner(options, metadata.shape, training.moments, objective, device);
  const Plan plan = plan_of(options, training, run);
  const std::string data_digest = training.digest() + validation.digest();
  TrainSummary summary;
  TrainingState& state = summary.state;
  state.data_digest = data_digest;
  if (resume) state = restored(plan, learner, data_digest);
  EventFile events(run, state.history);

  std::optional<Progress> progress;
  if (!listener) {
    progress.emplace("training", "samples", options.epochs * training.size());
    progress->skip(state.epoch() * training.size());
  }
  while (state.epoch() < options.epochs && !out_of_patience(options, state)) {
    EpochRecord record = train_epoch(plan, learner, state, progress ? &*progress : nullptr);
    const ValidationResult raw = validate(learner.head, objective, validation);
    require_finite_validation(raw.loss, state.epoch(), run);
    std::optional<ValidationResult> average;
    if (learner.average) average = validate(learner.average->head(), objective, validation);
    const EpochScore score = add_validation(record, raw, average, options.select);
    record.wall_time = unix_time();
    const bool best = state.add(record, score.value, score.of_average);
    keep_epoch(run, learner, state, metadata, best);
    events.append(record);
    log::info(epoch_line(state, options.epochs, best));
    if (listener) listener(record);
  }
  if (const LearnedTaskWeights* learned = learner.step.task_weights()) {
    log::info("learned task weights: " + weights_text(*learned, metadata.shape.tasks));
  }
  summary.stopped_early = state.epoch() < options.epochs;
  summary.samples = state.epoch() * training.size();
  return summary;
}

}  // namespace mien
