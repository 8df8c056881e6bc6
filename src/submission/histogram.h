// What a submission answers: rows by class and output, and videos that say one thing only.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mien/data/submission_format.h"
#include "mien/scoring/prior.h"

namespace mien {

class Histogram {
 public:
  Histogram(SubmissionTask task, std::size_t videos);

  /// `values`: a row as parse_values() gives it, of the video with this index.
  void add(std::size_t video, std::span<const double> values);

  /// Rows by class, and rows with a 1 by binary output.
  std::map<std::string, std::int64_t> named() const;

  /// Whether the video has several rows that are all of one class (without classes: that all say
  /// the same).
  bool is_constant(std::size_t video) const {
    return videos_[video].rows > 1 && videos_[video].constant;
  }

 private:
  /// The columns of a row that hold a class, or zeros and ones.
  struct Part {
    bool is_class = false;
    std::size_t first = 0, count = 1;
    std::vector<std::string> names = {};
    std::vector<std::int64_t> rows = {};  ///< by name
  };
  struct VideoTally {
    std::int64_t rows = 0;
    bool constant = true;
    std::vector<double> first;
  };

  std::vector<Part> parts_;  ///< the class first
  std::vector<VideoTally> videos_;
};

/// The training prior under the histogram's names; none for compound expressions.
std::map<std::string, double> named_prior(SubmissionTask task, const Priors& priors);

}  // namespace mien
