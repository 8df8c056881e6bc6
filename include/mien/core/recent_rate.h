// How fast a job goes now: not diluted by how it went an hour ago.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace mien {

/// Units a second over the last half minute.
class RecentRate {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RecentRate(Clock::time_point start) { marks_.push_back({start, 0}); }

  void add(Clock::time_point now, std::int64_t units);

  /// Of the last 30 s, or of all the time while that is shorter; 0 before any time has passed.
  double per_second(Clock::time_point now) const;

 private:
  struct Mark {
    Clock::time_point time;
    std::int64_t done;
  };
  std::deque<Mark> marks_;  ///< at most one a second; the first is the window's begin
  std::int64_t done_ = 0;
};

}  // namespace mien
