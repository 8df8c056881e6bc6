// Counts behind the F1 scores. Counts of several videos add up, so a bootstrap never sees frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mien/data/labels.h"

namespace mien {

/// A square matrix of counts; rows are the truth.
class Confusion {
 public:
  explicit Confusion(std::size_t classes);

  /// Throws std::out_of_range for a class that is not one.
  void add(std::size_t truth, std::size_t prediction);
  /// Adds `times` copies of `other`, which has as many classes.
  void merge(const Confusion& other, std::int64_t times = 1);

  std::size_t classes() const { return classes_; }
  std::int64_t count(std::size_t truth, std::size_t prediction) const;
  std::int64_t support(std::size_t truth) const;         ///< frames whose truth is this class
  std::int64_t predicted(std::size_t prediction) const;  ///< frames decided to be this class
  std::int64_t total() const;

  /// False when a class is neither true nor predicted anywhere; f1() is 0 then.
  bool f1_defined(std::size_t label) const;
  double f1(std::size_t label) const;
  /// The mean over ALL classes, absent ones included (formats.md, Metrics).
  double macro_f1() const;
  /// 0 when nothing was counted.
  double accuracy() const;
  /// Cohen's kappa (1960): (accuracy - chance) / (1 - chance), chance from both sides' shares. 1
  /// when both sides are one and the same constant (where it is undefined), 0 without counts.
  double kappa() const;

 private:
  std::size_t classes_;
  std::vector<std::int64_t> counts_;
};

/// Counts of one binary decision; F1 is the positive class's.
struct BinaryCounts {
  std::int64_t tp = 0, fp = 0, fn = 0, tn = 0;

  void add(bool truth, bool prediction);
  void merge(const BinaryCounts& other, std::int64_t times = 1);
  std::int64_t total() const { return tp + fp + fn + tn; }
  bool f1_defined() const { return tp + fp + fn > 0; }
  double f1() const;  ///< 0 when undefined
};

/// Counts of the K outputs of a binary task.
struct OutputCounts {
  std::vector<BinaryCounts> outputs;  ///< [K]

  explicit OutputCounts(std::size_t count = 0) : outputs(count) {}

  /// One row: K labels (0, 1 or kUnknown) and K decisions. False when the policy counted nothing.
  bool add_row(std::span<const double> truth, std::span<const double> prediction,
               PartlyKnown policy);
  void merge(const OutputCounts& other, std::int64_t times = 1);
  std::vector<double> f1s() const;  ///< [K]
  /// Which outputs the mean is over: all of them where rows that are not known as a whole are
  /// dropped (the challenge's rule), else those with a positive label.
  std::vector<bool> in_mean(PartlyKnown policy) const;
  /// The mean over the outputs of in_mean(); 0 when there are none.
  double mean_f1(PartlyKnown policy) const;
};

}  // namespace mien
