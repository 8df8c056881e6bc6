// What a submission answers: rows by class and AU, and videos that say one thing only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mien/data/tasks.h"
#include "mien/scoring/prior.h"
#include "mien/scoring/submission_format.h"

namespace mien {

class Histogram {
 public:
  Histogram(SubmissionTask task, std::size_t videos) : task_(task), videos_(videos) {}

  /// `values`: a row as parse_values() gives it, of the video with this index.
  void add(std::size_t video, std::span<const double> values);

  /// Rows by class, and rows with a 1 by AU.
  std::map<std::string, std::int64_t> named() const;

  /// Whether the video has several rows that are all of one class (AUs: that are all the same).
  bool is_constant(std::size_t video) const {
    return videos_[video].rows > 1 && videos_[video].constant;
  }

 private:
  struct VideoTally {
    std::int64_t rows = 0;
    bool constant = true;
    std::vector<double> first;
  };

  SubmissionTask task_;
  std::array<std::int64_t, kExpressions> classes_{};
  std::array<std::int64_t, kActionUnits> ones_{};
  std::vector<VideoTally> videos_;
};

/// The training prior under the histogram's names; none for compound expressions.
std::map<std::string, double> named_prior(SubmissionTask task, const Priors& priors);

}  // namespace mien
