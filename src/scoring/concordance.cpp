#include "mien/scoring/concordance.h"

#include <algorithm>
#include <cmath>

namespace mien {

void Concordance::add(double truth, double prediction) {
  ++count_;
  absolute_errors_ += std::abs(prediction - truth);
  const double n = static_cast<double>(count_);
  const double from_truth = truth - mean_truth_;
  const double from_prediction = prediction - mean_prediction_;
  mean_truth_ += from_truth / n;
  mean_prediction_ += from_prediction / n;
  squares_truth_ += from_truth * (truth - mean_truth_);
  squares_prediction_ += from_prediction * (prediction - mean_prediction_);
  products_ += from_truth * (prediction - mean_prediction_);
}

void Concordance::merge(const Concordance& other, std::int64_t times) {
  if (other.count_ == 0 || times <= 0) return;
  const double k = static_cast<double>(times);
  const double here = static_cast<double>(count_);
  const double there = static_cast<double>(other.count_) * k;
  const double all = here + there;
  const double truth_apart = other.mean_truth_ - mean_truth_;
  const double prediction_apart = other.mean_prediction_ - mean_prediction_;
  const double weight = here * there / all;
  squares_truth_ += k * other.squares_truth_ + truth_apart * truth_apart * weight;
  squares_prediction_ +=
      k * other.squares_prediction_ + prediction_apart * prediction_apart * weight;
  products_ += k * other.products_ + truth_apart * prediction_apart * weight;
  mean_truth_ += truth_apart * (there / all);
  mean_prediction_ += prediction_apart * (there / all);
  absolute_errors_ += k * other.absolute_errors_;
  count_ += other.count_ * times;
}

double Concordance::denominator() const {
  const double apart = mean_truth_ - mean_prediction_;
  return squares_truth_ + squares_prediction_ + static_cast<double>(count_) * apart * apart;
}

bool Concordance::defined() const {
  return count_ > 0 && denominator() > 0;
}

double Concordance::ccc() const {
  return defined() ? 2 * products_ / denominator() : 0.0;
}

double Concordance::pearson() const {
  const double spread = std::sqrt(squares_truth_) * std::sqrt(squares_prediction_);
  return count_ > 0 && spread > 0 ? products_ / spread : 0;
}

double Concordance::mean_absolute_error() const {
  return count_ == 0 ? 0 : absolute_errors_ / static_cast<double>(count_);
}

double mean_ccc(std::span<const Concordance> outputs, PartlyKnown policy) {
  double sum = 0;
  std::int64_t count = 0;
  for (const Concordance& output : outputs) {
    if (policy == PartlyKnown::kMaskValue && output.count() == 0) continue;
    sum += output.ccc();
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

double Concordance::mean_squared_error() const {
  if (count_ == 0) return 0;
  const double apart = mean_truth_ - mean_prediction_;
  const double spread = squares_truth_ + squares_prediction_ - 2 * products_;
  return std::max(0.0, spread / static_cast<double>(count_)) + apart * apart;
}

}  // namespace mien
