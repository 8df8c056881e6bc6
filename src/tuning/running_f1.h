// F1 scores that follow while decisions change one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mien {

/// 2 tp / (labelled + answered), 0 when neither occurs.
inline double f1_from(std::int64_t tp, std::int64_t labelled_and_answered) {
  return labelled_and_answered == 0
             ? 0.0
             : 2.0 * static_cast<double>(tp) / static_cast<double>(labelled_and_answered);
}

/// Mean F1 of all classes.
class RunningMacroF1 {
 public:
  explicit RunningMacroF1(std::size_t classes) : right_(classes), sums_(classes) {}

  void add(std::size_t truth, std::size_t answer) {
    ++sums_[truth];
    ++sums_[answer];
    right_[truth] += truth == answer;
  }

  /// A frame of class `truth` that was answered `from` is now answered `to`.
  void move(std::size_t truth, std::size_t from, std::size_t to) {
    --sums_[from];
    ++sums_[to];
    right_[truth] += static_cast<int>(truth == to) - static_cast<int>(truth == from);
  }

  double value() const {
    double sum = 0;
    for (std::size_t c = 0; c < right_.size(); ++c) sum += f1_from(right_[c], sums_[c]);
    return sum / static_cast<double>(right_.size());
  }

 private:
  std::vector<std::int64_t> right_, sums_;  ///< sums: labelled + answered
};

}  // namespace mien
