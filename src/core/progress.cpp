#include "mien/core/progress.h"

#include <unistd.h>

#include <cstdio>

#include "mien/core/log.h"
#include "mien/core/text.h"
#include "progress_line.h"

namespace mien {
namespace {

using namespace std::chrono_literals;
constexpr auto kTerminalInterval = 100ms;
constexpr auto kLogInterval = 10s;
constexpr int kBarWidth = 24;

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarWidth + .5);
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
}

}  // namespace

ProgressLine::ProgressLine() : on_terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressLine& ProgressLine::instance() {
  static ProgressLine line;
  return line;
}

void ProgressLine::draw(const std::string& line) {
  const std::lock_guard lock(mutex_);
  line_ = line;
  std::fprintf(stderr, "\r\x1b[K%s", line_.c_str());
  std::fflush(stderr);
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (!line_.empty()) std::fprintf(stderr, "\r\x1b[K");
  line_.clear();
  std::fflush(stderr);
}

ProgressLine::Pause::Pause() {
  ProgressLine& line = instance();
  line.mutex_.lock();
  if (!line.line_.empty()) std::fprintf(stderr, "\r\x1b[K");
}

ProgressLine::Pause::~Pause() {
  ProgressLine& line = instance();
  if (!line.line_.empty()) std::fprintf(stderr, "%s", line.line_.c_str());
  line.mutex_.unlock();
}

Progress::Progress(std::string label, std::string unit, std::int64_t total)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      rate_(Clock::now()),
      last_shown_(Clock::now()) {}

Progress::~Progress() {
  ProgressLine::instance().clear();
}

void Progress::advance(std::int64_t units, const std::string& note) {
  done_ += units;
  rate_.add(Clock::now(), units);
  note_ = note;
  show(done_ + skipped_ >= total_);
}

void Progress::expect(std::int64_t units) {
  total_ += units;
}

void Progress::skip(std::int64_t units) {
  skipped_ += units;
}

void Progress::show(bool last) {
  if (log::verbosity() == log::Verbosity::kQuiet) return;
  const auto now = Clock::now();
  ProgressLine& terminal = ProgressLine::instance();
  if (terminal.on_terminal()) {
    if (!last && now - last_shown_ < kTerminalInterval) return;
    terminal.draw(line(true));
  } else {
    if (now - last_shown_ < kLogInterval) return;
    log::info_of_process(line(false));
  }
  last_shown_ = now;
}

std::string Progress::line(bool with_bar) const {
  const double rate = rate_.per_second(Clock::now());
  const std::int64_t at = done_ + skipped_;
  const double share =
      total_ > 0 ? std::min(1., static_cast<double>(at) / static_cast<double>(total_)) : 1;
  std::string text = label_ + " ";
  if (with_bar) text += bar(share) + " ";
  text += with_thousands(at) + "/" + with_thousands(total_) + " " + unit_ + "  " +
          fixed(rate, rate < 10 ? 1 : 0) + "/s";
  if (at < total_ && rate > 0) {
    text += "  " + duration_text(static_cast<double>(total_ - at) / rate) + " left";
  }
  if (!note_.empty()) text += "  " + note_;
  return text;
}

}  // namespace mien
