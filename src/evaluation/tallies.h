// What each task counts a video, and the numbers read off a sum of such counts. A Tally has
// add(video), merge(other, times), statistics() (the headline first, then its parts) and
// describe(result).
#pragma once

#include <array>
#include <vector>

#include "alignment.h"
#include "mien/evaluation/evaluate.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"

namespace mien {

struct ExprTally {
  Confusion counts{kExpressions};

  void add(const AlignedVideo& video, AuPolicy policy);
  void merge(const ExprTally& other, std::int64_t times) { counts.merge(other.counts, times); }
  std::vector<double> statistics() const;
  void describe(TaskResult& result) const;
};

struct AuTally {
  AuCounts counts;

  void add(const AlignedVideo& video, AuPolicy policy);
  void merge(const AuTally& other, std::int64_t times) { counts.merge(other.counts, times); }
  std::vector<double> statistics() const;
  void describe(TaskResult& result) const;
};

struct VaTally {
  std::array<Concordance, 2> moments;  ///< valence, arousal

  void add(const AlignedVideo& video, AuPolicy policy);
  void merge(const VaTally& other, std::int64_t times);
  std::vector<double> statistics() const;
  void describe(TaskResult& result) const;
};

/// The constant answer's F1 on the truth that `counts` holds; `prior` as in EvaluationOptions.
Baseline majority_baseline(const Confusion& counts, const Prior& prior);
Baseline majority_baseline(const AuCounts& counts, const Prior& prior);

}  // namespace mien
