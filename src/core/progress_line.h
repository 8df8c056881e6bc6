// The one line of a terminal that a progress bar occupies, shared with the log.
#pragma once

#include <mutex>
#include <string>

namespace mien {

/// Draws, clears and redraws the line. All members are safe from several threads.
class ProgressLine {
 public:
  static ProgressLine& instance();

  /// True when standard error is a terminal.
  bool on_terminal() const { return on_terminal_; }

  void draw(const std::string& line);
  void clear();

  /// While it lives the line is wiped from the terminal, so that something else can be printed.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
  };

 private:
  ProgressLine();
  std::recursive_mutex mutex_;
  std::string line_;
  bool on_terminal_;
};

}  // namespace mien
