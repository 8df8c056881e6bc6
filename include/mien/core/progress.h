// Progress for people: a bar with rate and time left on a terminal, a line every 10 s elsewhere
// (never in the log of one of several jobs).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "mien/core/recent_rate.h"

namespace mien {

/// One job of a known number of units. Not thread-safe: one thread reports.
class Progress {
 public:
  /// `label`: what is being done; `unit`: what is counted ("images"); `total`: how many in all.
  Progress(std::string label, std::string unit, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `units` more are done; `note` is shown at the end of the line until the next one.
  void advance(std::int64_t units, const std::string& note = {});

  /// `units` more in all than were expected; fewer when negative.
  void expect(std::int64_t units);

  /// Units that count as done but not towards the rate (skipped, resumed).
  void skip(std::int64_t units);

 private:
  void show(bool last);
  std::string line(bool with_bar) const;

  using Clock = RecentRate::Clock;
  std::string label_, unit_, note_;
  std::int64_t total_, done_ = 0, skipped_ = 0;
  RecentRate rate_;
  Clock::time_point last_shown_;
};

}  // namespace mien
