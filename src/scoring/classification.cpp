#include "mien/scoring/classification.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace mien {
namespace {

/// 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall.
double f1_of(std::int64_t tp, std::int64_t fp_and_fn) {
  const std::int64_t denominator = 2 * tp + fp_and_fn;
  return denominator == 0 ? 0.0 : 2.0 * static_cast<double>(tp) / static_cast<double>(denominator);
}

}  // namespace

Confusion::Confusion(std::size_t classes) : classes_(classes), counts_(classes * classes) {}

void Confusion::add(std::size_t truth, std::size_t prediction) {
  if (truth >= classes_ || prediction >= classes_) {
    throw std::out_of_range("Confusion::add: no such class");
  }
  ++counts_[truth * classes_ + prediction];
}

void Confusion::merge(const Confusion& other, std::int64_t times) {
  if (other.classes_ != classes_) throw std::logic_error("Confusion::merge: other classes");
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += times * other.counts_[i];
}

std::int64_t Confusion::count(std::size_t truth, std::size_t prediction) const {
  return counts_.at(truth * classes_ + prediction);
}

std::int64_t Confusion::support(std::size_t truth) const {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += count(truth, c);
  return sum;
}

std::int64_t Confusion::predicted(std::size_t prediction) const {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += count(c, prediction);
  return sum;
}

std::int64_t Confusion::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

bool Confusion::f1_defined(std::size_t label) const {
  return support(label) + predicted(label) > 0;
}

double Confusion::f1(std::size_t label) const {
  const std::int64_t tp = count(label, label);
  return f1_of(tp, support(label) + predicted(label) - 2 * tp);
}

double Confusion::macro_f1() const {
  double sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += f1(c);
  return classes_ == 0 ? 0.0 : sum / static_cast<double>(classes_);
}

double Confusion::accuracy() const {
  const std::int64_t all = total();
  std::int64_t right = 0;
  for (std::size_t c = 0; c < classes_; ++c) right += count(c, c);
  return all == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(all);
}

double Confusion::kappa() const {
  const auto all = static_cast<double>(total());
  if (all == 0) return 0;
  double chance = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    chance += static_cast<double>(support(c)) / all * (static_cast<double>(predicted(c)) / all);
  }
  return chance >= 1 ? 1.0 : (accuracy() - chance) / (1 - chance);
}

void BinaryCounts::add(bool truth, bool prediction) {
  if (truth) {
    ++(prediction ? tp : fn);
  } else {
    ++(prediction ? fp : tn);
  }
}

void BinaryCounts::merge(const BinaryCounts& other, std::int64_t times) {
  tp += times * other.tp;
  fp += times * other.fp;
  fn += times * other.fn;
  tn += times * other.tn;
}

double BinaryCounts::f1() const {
  return f1_of(tp, fp + fn);
}

bool OutputCounts::add_row(std::span<const double> truth, std::span<const double> prediction,
                           PartlyKnown policy) {
  if (truth.size() != outputs.size() || prediction.size() != outputs.size()) {
    throw std::logic_error("OutputCounts::add_row: expected a label and a decision per output");
  }
  if (!is_scored_row(truth, policy)) return false;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (is_known(truth[k])) outputs[k].add(truth[k] > 0, prediction[k] > 0);
  }
  return true;
}

void OutputCounts::merge(const OutputCounts& other, std::int64_t times) {
  for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k].merge(other.outputs[k], times);
}

std::vector<double> OutputCounts::f1s() const {
  std::vector<double> scores(outputs.size());
  std::ranges::transform(outputs, scores.begin(), &BinaryCounts::f1);
  return scores;
}

std::vector<bool> OutputCounts::in_mean(PartlyKnown policy) const {
  std::vector<bool> chosen;
  for (const BinaryCounts& count : outputs) {
    chosen.push_back(policy == PartlyKnown::kDropRow || count.tp + count.fn > 0);
  }
  return chosen;
}

double OutputCounts::mean_f1(PartlyKnown policy) const {
  const std::vector<bool> chosen = in_mean(policy);
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (!chosen[k]) continue;
    sum += outputs[k].f1();
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace mien
