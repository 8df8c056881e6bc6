#include "run/epoch_log.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace mien {
namespace {

// The columns of a row; a task's level follows each.
constexpr std::size_t kLoss = 0, kPerturbedLoss = 1, kGradientNorm = 2, kLevels = 3;
constexpr std::array kLossNames = {"train loss", "loss at the perturbed weights"};

/// Rows on the host.
class HostRows {
 public:
  explicit HostRows(const at::Tensor& rows)
      : host_(rows.to(at::kCPU).contiguous()), width_(static_cast<std::size_t>(rows.size(1))) {}

  std::size_t size() const { return static_cast<std::size_t>(host_.size(0)); }
  std::span<const double> at(std::size_t row) const {
    return {host_.const_data_ptr<double>() + row * width_, width_};
  }

 private:
  at::Tensor host_;
  std::size_t width_;
};

/// A mean of what came; none of nothing.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  std::optional<double> value() const {
    return count_ == 0 ? std::nullopt : std::optional(sum_ / static_cast<double>(count_));
  }

 private:
  double sum_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace

EpochLog::EpochLog(std::int64_t steps, at::Device device) : device_(device), steps_(steps) {}

void EpochLog::add(const StepValue& value) {
  const bool sharp = value.perturbed_loss.defined();
  std::vector<at::Tensor> row = {value.loss, sharp ? value.perturbed_loss : value.loss,
                                 value.gradient_norm};
  for (const at::Tensor& level : value.tail_levels) {
    row.push_back(level.defined() ? level : value.loss);
  }
  if (added_ == 0) {
    const auto columns = static_cast<std::int64_t>(row.size());
    rows_ = at::zeros({steps_, columns}, at::TensorOptions().dtype(at::kDouble).device(device_));
    for (const at::Tensor& level : value.tail_levels) has_level_.push_back(level.defined());
  }
  rows_.select(0, added_++).copy_(at::stack(row), /*non_blocking=*/true);
  is_sharp_.push_back(sharp);
}

std::optional<BadStep> EpochLog::first_bad() {
  if (read_ == added_) return {};
  const HostRows rows(rows_.narrow(0, read_, added_ - read_));
  const std::int64_t first = std::exchange(read_, added_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t column = 0; column < kLossNames.size(); ++column) {
      const double value = rows.at(i)[column];
      if (!std::isfinite(value))
        return BadStep{first + static_cast<std::int64_t>(i), kLossNames[column], value};
    }
  }
  return {};
}

void EpochLog::summarise(const std::vector<BatchRange>& batches, const std::vector<Task>& tasks,
                         EpochRecord& record) const {
  const HostRows rows(rows_);
  double loss_sum = 0, samples = 0;
  Mean norm, sharpness;
  std::vector<Mean> levels(tasks.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = rows.at(i);
    const auto size = static_cast<double>(batches[i].end - batches[i].begin);
    loss_sum += row[kLoss] * size;
    samples += size;
    norm.add(row[kGradientNorm]);
    if (is_sharp_[i]) sharpness.add(row[kPerturbedLoss] - row[kLoss]);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (has_level_[t]) levels[t].add(row[kLevels + t]);
    }
  }
  record.train_loss = loss_sum / samples;
  record.gradient_norm = norm.value();
  record.sharpness = sharpness.value();
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    EpochTask& task = record.tasks.emplace_back(EpochTask{.task = tasks[t]});
    if (!tasks[t].is_continuous()) task.cvar_level = levels[t].value();
  }
}

}  // namespace mien
