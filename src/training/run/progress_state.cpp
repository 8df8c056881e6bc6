#include "mien/training/progress_state.h"

#include <algorithm>

#include "mien/core/text.h"

namespace mien {
namespace {

std::string text_of(const EpochValue& value) {
  if (!value.number) return "";
  return value.digits < 0 ? shortest(*value.number) : fixed(*value.number, value.digits);
}

}  // namespace

EpochRecord EpochRecord::of_average() const {
  EpochRecord record = *this;
  record.validation_loss = ema_loss.value();
  for (EpochTask& task : record.tasks) task.metric = task.ema_metric;
  return record;
}

double TrainingState::train_seconds() const {
  double sum = 0;
  for (const EpochRecord& record : history) sum += record.seconds;
  return sum;
}

bool TrainingState::add(const EpochRecord& record, double value, bool of_average) {
  history.push_back(record);
  if (best_epoch != 0 && !(value > best_value)) return false;
  best_epoch = record.epoch;
  best_value = value;
  best_is_average = of_average;
  return true;
}

std::vector<EpochTask> reported_tasks(const EpochRecord& record) {
  std::vector<Task> trained;
  for (const EpochTask& task : record.tasks) trained.push_back(task.task);
  std::vector<EpochTask> reported;
  for (const Task& task : reported_tasks(trained)) {
    const auto found = std::ranges::find(record.tasks, task, &EpochTask::task);
    reported.push_back(found == record.tasks.end() ? EpochTask{.task = task} : *found);
  }
  return reported;
}

std::vector<EpochValue> later_values(const EpochRecord& record) {
  const std::vector<EpochTask> tasks = reported_tasks(record);
  std::vector<EpochValue> values = {{"gradient_norm", record.gradient_norm},
                                    {"sharpness", record.sharpness}};
  for (const EpochTask& task : tasks) {
    if (task.task.is_continuous()) continue;
    values.push_back({"cvar_level_" + task.task.name(), task.cvar_level});
  }
  values.push_back({"validation_ema_loss", record.ema_loss});
  for (const EpochTask& task : tasks) {
    values.push_back({"validation_ema_" + metric_key(task.task), task.ema_metric});
  }
  return values;
}

std::vector<EpochValue> values_of(const EpochRecord& record) {
  std::vector<EpochValue> values = {{"lr", record.lr},
                                    {"train_loss", record.train_loss},
                                    {"validation_loss", record.validation_loss}};
  for (const EpochTask& task : reported_tasks(record)) {
    values.push_back({"validation_" + metric_key(task.task), task.metric});
  }
  values.push_back({"seconds", record.seconds, 3});
  values.push_back({"samples_per_second", record.samples_per_second, 1});
  for (EpochValue& value : later_values(record)) values.push_back(std::move(value));
  return values;
}

std::string task_metrics_text(const EpochRecord& record) {
  std::string text;
  for (const EpochTask& task : record.tasks) {
    if (task.metric) text += concat("  ", metric_title(task.task), " ", fixed(*task.metric, 4));
  }
  return text;
}

std::string metrics_csv(const std::vector<EpochRecord>& history) {
  std::string text = "epoch";
  for (const EpochValue& column : values_of(history.empty() ? EpochRecord() : history.front()))
    text += concat(",", column.name);
  text += "\n";
  for (const EpochRecord& record : history) {
    text += concat(record.epoch);
    for (const EpochValue& value : values_of(record)) text += "," + text_of(value);
    text += "\n";
  }
  return text;
}

}  // namespace mien
