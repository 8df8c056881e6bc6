// What each task counts a video, and the numbers read off a sum of such counts. A Tally has
// add(video), merge(other, times), statistics() (the headline first, then its parts),
// describe(result) and own_score() (VideoScore's).
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
  double own_score() const;
};

struct AuTally {
  AuCounts counts;

  void add(const AlignedVideo& video, AuPolicy policy);
  void merge(const AuTally& other, std::int64_t times) { counts.merge(other.counts, times); }
  std::vector<double> statistics() const;
  void describe(TaskResult& result) const;
  double own_score() const;
};

struct VaTally {
  std::array<Concordance, 2> moments;  ///< valence, arousal

  void add(const AlignedVideo& video, AuPolicy policy);
  void merge(const VaTally& other, std::int64_t times);
  std::vector<double> statistics() const;
  void describe(TaskResult& result) const;
  double own_score() const;
};

/// One video's counts.
template <class Tally>
Tally tally_of(const AlignedVideo& video, AuPolicy policy) {
  Tally tally;
  tally.add(video, policy);
  return tally;
}

/// The counts of the data in which video v is there `multiplicities[v]` times.
template <class Tally>
Tally pooled(const std::vector<Tally>& videos, std::span<const std::int32_t> multiplicities) {
  Tally total;
  for (std::size_t v = 0; v < videos.size(); ++v) {
    if (multiplicities[v] > 0) total.merge(videos[v], multiplicities[v]);
  }
  return total;
}

/// The constant answer's F1 on the truth that `counts` holds; `prior` as in EvaluationOptions.
Baseline majority_baseline(const Confusion& counts, const Prior& prior);
Baseline majority_baseline(const AuCounts& counts, const Prior& prior);

}  // namespace mien
