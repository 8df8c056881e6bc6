#include "sliding_median.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>

namespace mien {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A set of ranks below `size` as a tree of 64-bit words: every step is a few words.
class RankSet {
 public:
  explicit RankSet(std::size_t size) {
    do {
      size = (size + 63) / 64;
      levels_.emplace_back(size);
    } while (size > 1);
  }

  void insert(std::size_t rank) {
    for (auto& level : levels_) {
      level[rank / 64] |= bit(rank);
      rank /= 64;
    }
  }

  void erase(std::size_t rank) {
    for (auto& level : levels_) {
      level[rank / 64] &= ~bit(rank);
      if (level[rank / 64] != 0) return;
      rank /= 64;
    }
  }

  /// The nearest member above `rank`, kNone when there is none.
  std::size_t above(std::size_t rank) const {
    for (std::size_t l = 0; l < levels_.size(); ++l, rank /= 64) {
      const std::size_t within = rank % 64;
      const std::uint64_t later = within == 63 ? 0 : levels_[l][rank / 64] >> (within + 1);
      if (later == 0) continue;
      return descend(l, rank + 1 + static_cast<std::size_t>(std::countr_zero(later)), false);
    }
    return kNone;
  }

  /// The nearest member below `rank`, kNone when there is none.
  std::size_t below(std::size_t rank) const {
    for (std::size_t l = 0; l < levels_.size(); ++l, rank /= 64) {
      const std::size_t within = rank % 64;
      const std::uint64_t earlier = levels_[l][rank / 64] & (bit(rank) - 1);
      if (earlier == 0) continue;
      const auto top = static_cast<std::size_t>(63 - std::countl_zero(earlier));
      return descend(l, rank - within + top, true);
    }
    return kNone;
  }

 private:
  static std::uint64_t bit(std::size_t rank) { return std::uint64_t{1} << (rank % 64); }

  /// The last or first member under an entry of a level.
  std::size_t descend(std::size_t level, std::size_t entry, bool last) const {
    while (level-- > 0) {
      const std::uint64_t word = levels_[level][entry];
      const int at = last ? 63 - std::countl_zero(word) : std::countr_zero(word);
      entry = entry * 64 + static_cast<std::size_t>(at);
    }
    return entry;
  }

  std::vector<std::vector<std::uint64_t>> levels_;  ///< members, then non-empty words, ...
};

/// Keeps hold of the member number (size - 1) / 2 in ascending order while members come and go.
class MedianWindow {
 public:
  explicit MedianWindow(std::size_t size) : members_(size) {}

  void insert(std::size_t rank) {
    members_.insert(rank);
    const bool was_even = size_++ % 2 == 0;
    if (size_ == 1) {
      lower_ = rank;
    } else if (was_even && rank > lower_) {
      lower_ = members_.above(lower_);
    } else if (!was_even && rank < lower_) {
      lower_ = members_.below(lower_);
    }
  }

  /// At least one other member stays.
  void erase(std::size_t rank) {
    const bool was_even = size_-- % 2 == 0;
    if (was_even && rank <= lower_) {
      lower_ = members_.above(lower_);
    } else if (!was_even && rank >= lower_) {
      lower_ = members_.below(lower_);
    }
    members_.erase(rank);
  }

  std::size_t lower() const { return lower_; }
  std::size_t upper() const { return size_ % 2 == 1 ? lower_ : members_.above(lower_); }

 private:
  RankSet members_;
  std::size_t size_ = 0, lower_ = 0;
};

}  // namespace

std::vector<double> sliding_median(std::span<const double> values, std::size_t half_window) {
  const std::size_t n = values.size();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  });
  std::vector<std::uint32_t> rank(n);
  for (std::size_t r = 0; r < n; ++r) rank[order[r]] = static_cast<std::uint32_t>(r);
  MedianWindow window(n);
  std::vector<double> out(n);
  for (std::size_t i = 0, next = 0; i < n; ++i) {
    for (; next < n && next <= i + half_window; ++next) window.insert(rank[next]);
    if (i > half_window) window.erase(rank[i - half_window - 1]);
    out[i] = 0.5 * (values[order[window.lower()]] + values[order[window.upper()]]);
  }
  return out;
}

}  // namespace mien
