#include "mien/core/recent_rate.h"

namespace mien {
namespace {

using namespace std::chrono_literals;
constexpr auto kWindow = 30s;
constexpr auto kBetweenMarks = 1s;

}  // namespace

void RecentRate::add(Clock::time_point now, std::int64_t units) {
  done_ += units;
  if (now - marks_.back().time < kBetweenMarks) return;
  marks_.push_back({now, done_});
  while (marks_.size() > 1 && now - marks_[1].time >= kWindow) marks_.pop_front();
}

double RecentRate::per_second(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - marks_.front().time).count();
  return seconds > 0 ? static_cast<double>(done_ - marks_.front().done) / seconds : 0;
}

}  // namespace mien
