#include "mien/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mien {
namespace {

double annealed(double lr, double min_lr, double phase) {
  return min_lr + (lr - min_lr) * (1 + std::cos(std::numbers::pi * phase)) / 2;
}

}  // namespace

Schedule::Schedule(ScheduleOptions options, double lr, std::int64_t epochs,
                   std::int64_t steps_per_epoch)
    : options_(std::move(options)), lr_(lr), epochs_(epochs), steps_per_epoch_(steps_per_epoch) {}

double Schedule::at(std::int64_t step) const {
  if (options_.kind == "reference") {
    const auto epoch = static_cast<double>(step / steps_per_epoch_);
    return annealed(lr_, options_.min_lr, epoch / (static_cast<double>(epochs_) / 4));
  }
  const std::int64_t warmup = std::min(options_.warmup_epochs, epochs_) * steps_per_epoch_;
  if (step < warmup) return lr_ * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (options_.kind == "constant") return lr_;
  const std::int64_t rest = std::max<std::int64_t>(1, epochs_ * steps_per_epoch_ - warmup);
  return annealed(lr_, options_.min_lr,
                  static_cast<double>(step - warmup) / static_cast<double>(rest));
}

AlphaSchedule::AlphaSchedule(const ObjectiveOptions& options, std::int64_t steps_per_epoch)
    : start_(options.cvar_alpha_start),
      end_(options.cvar_alpha),
      steps_(static_cast<double>(options.cvar_alpha_epochs) *
             static_cast<double>(steps_per_epoch)) {}

double AlphaSchedule::at(std::int64_t step) const {
  const auto s = static_cast<double>(step);
  return s < steps_ ? end_ + (start_ - end_) * (1 - s / steps_) : end_;
}

}  // namespace mien
