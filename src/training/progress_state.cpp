#include "mien/training/progress_state.h"

#include "mien/core/text.h"

namespace mien {
namespace {

std::string optional_text(const std::optional<double>& value) {
  return value ? shortest(*value) : "";
}

}  // namespace

double TrainingState::train_seconds() const {
  double sum = 0;
  for (const EpochRecord& record : history) sum += record.seconds;
  return sum;
}

bool TrainingState::add(const EpochRecord& record, double value) {
  history.push_back(record);
  if (best_epoch != 0 && !(value > best_value)) return false;
  best_epoch = record.epoch;
  best_value = value;
  return true;
}

std::string metrics_csv(const std::vector<EpochRecord>& history) {
  std::string text =
      "epoch,lr,train_loss,validation_loss,validation_expr_f1,validation_au_f1,seconds,"
      "samples_per_second\n";
  for (const EpochRecord& record : history) {
    text += concat(record.epoch, ",", shortest(record.lr), ",", shortest(record.train_loss), ",",
                   shortest(record.validation_loss), ",", optional_text(record.expr_f1), ",",
                   optional_text(record.au_f1), ",", fixed(record.seconds, 3), ",",
                   fixed(record.samples_per_second, 1), "\n");
  }
  return text;
}

}  // namespace mien
