#include "mien/training/progress_state.h"

#include <array>

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
  record.expr_f1 = ema_expr_f1;
  record.au_f1 = ema_au_f1;
  record.va_ccc = ema_va_ccc;
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

std::span<const LaterColumn> later_columns() {
  static constexpr std::array<LaterColumn, 8> kColumns = {{
      {"gradient_norm", &EpochRecord::gradient_norm},
      {"sharpness", &EpochRecord::sharpness},
      {"cvar_level_expr", &EpochRecord::cvar_level_expr},
      {"cvar_level_au", &EpochRecord::cvar_level_au},
      {"validation_ema_loss", &EpochRecord::ema_loss},
      {"validation_ema_expr_f1", &EpochRecord::ema_expr_f1},
      {"validation_ema_au_f1", &EpochRecord::ema_au_f1},
      {"validation_ema_va_ccc", &EpochRecord::ema_va_ccc},
  }};
  return kColumns;
}

std::vector<EpochValue> values_of(const EpochRecord& record) {
  std::vector<EpochValue> values = {{"lr", record.lr},
                                    {"train_loss", record.train_loss},
                                    {"validation_loss", record.validation_loss},
                                    {"validation_expr_f1", record.expr_f1},
                                    {"validation_au_f1", record.au_f1},
                                    {"validation_va_ccc", record.va_ccc},
                                    {"seconds", record.seconds, 3},
                                    {"samples_per_second", record.samples_per_second, 1}};
  for (const LaterColumn& column : later_columns()) {
    values.push_back({column.name, record.*column.place});
  }
  return values;
}

std::vector<TaskMetric> task_metrics(const EpochRecord& record) {
  return {{"expr_f1", "EXPR F1", record.expr_f1},
          {"au_f1", "AU F1", record.au_f1},
          {"va_ccc", "VA CCC", record.va_ccc}};
}

std::string task_metrics_text(const EpochRecord& record) {
  std::string text;
  for (const TaskMetric& metric : task_metrics(record)) {
    if (metric.value) text += concat("  ", metric.title, " ", fixed(*metric.value, 4));
  }
  return text;
}

std::string metrics_csv(const std::vector<EpochRecord>& history) {
  std::string text = "epoch";
  for (const EpochValue& column : values_of({})) text += concat(",", column.name);
  text += "\n";
  for (const EpochRecord& record : history) {
    text += concat(record.epoch);
    for (const EpochValue& value : values_of(record)) text += "," + text_of(value);
    text += "\n";
  }
  return text;
}

}  // namespace mien
