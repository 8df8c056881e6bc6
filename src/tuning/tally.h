// Counts behind a task's score; those of several videos add up.
#pragma once

#include <array>
#include <span>
#include <variant>

#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"

namespace mien {

class Tally {
 public:
  explicit Tally(Task task);

  /// Rows of labels (all valid) and decisions, label_columns each.
  void add(std::span<const double> truth, std::span<const double> decisions);
  void merge(const Tally& other, std::int64_t times = 1);

  /// Mean F1 of 8 classes or 12 AUs, or mean CCC.
  double score() const;

 private:
  std::variant<Confusion, AuCounts, std::array<Concordance, 2>> counts_;
};

}  // namespace mien
