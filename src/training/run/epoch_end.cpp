#include "run/epoch_end.h"

#include <cmath>

#include "mien/core/files.h"
#include "mien/core/text.h"
#include "run/checkpoint.h"

namespace mien {
namespace {

void save_weights(const std::filesystem::path& file, const Head& head, HeadMetadata metadata,
                  const EpochRecord& record) {
  metadata.epoch = record.epoch;
  metadata.metrics = {{"validation_loss", record.validation_loss}};
  for (const EpochTask& task : record.tasks) {
    if (task.metric) metadata.metrics["validation_" + metric_key(task.task)] = *task.metric;
  }
  save_head(file, head, metadata);
}

std::string scores_text(const EpochRecord& record) {
  return "  validation loss " + fixed(record.validation_loss, 4) + task_metrics_text(record);
}

}  // namespace

EpochScore add_validation(EpochRecord& record, const ValidationResult& raw,
                          const std::optional<ValidationResult>& average,
                          const std::string& select) {
  record.validation_loss = raw.loss;
  for (EpochTask& task : record.tasks) task.metric = raw.metrics.at(metric_key(task.task));
  const EpochScore score{raw.value_of(select), false};
  if (!average) return score;
  record.ema_loss = average->loss;
  for (EpochTask& task : record.tasks) {
    task.ema_metric = average->metrics.at(metric_key(task.task));
  }
  const EpochScore of_average{average->value_of(select), true};
  return of_average.value > score.value ? of_average : score;
}

void keep_epoch(const RunFolder& run, Learner& learner, const TrainingState& state,
                const HeadMetadata& metadata, bool best) {
  const EpochRecord& record = state.history.back();
  if (best && state.best_is_average) {
    HeadMetadata of_average = metadata;
    of_average.weights = "ema";
    save_weights(run.best(), learner.average->head(), of_average, record.of_average());
  } else if (best) {
    save_weights(run.best(), learner.head, metadata, record);
  }
  save_weights(run.last(), learner.head, metadata, record);
  write_text(run.metrics(), metrics_csv(state.history));
  save_checkpoint(run.state(), learner, state);
}

std::string epoch_line(const TrainingState& state, std::int64_t epochs, bool best) {
  const EpochRecord& record = state.history.back();
  std::string line = concat("epoch ", record.epoch, "/", epochs, "  loss ",
                            fixed(record.train_loss, 4), scores_text(record));
  if (record.ema_loss) line += "  (ema:" + scores_text(record.of_average()) + ")";
  line += "  " + with_thousands(std::llround(record.samples_per_second)) + " samples/s";
  if (!best) return line;
  return line + (state.best_is_average ? "  best (ema)" : "  best");
}

}  // namespace mien
