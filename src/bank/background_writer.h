// Writes files while the thread that made their content goes on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace mien {

/// Does jobs one after the other on a thread of its own. After one that threw the rest is dropped.
class BackgroundWriter {
 public:
  /// add() waits while `most_waiting` jobs are, so that memory is bounded.
  explicit BackgroundWriter(std::size_t most_waiting);
  /// Does what was added; what a job throws here is lost.
  ~BackgroundWriter();

  /// Throws what an earlier job threw.
  void add(std::function<void()> job);

  /// Waits until everything is done. Throws what a job threw.
  void finish();

 private:
  void run();
  void rethrow();

  std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  ///< the first is being done
  std::exception_ptr error_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace mien
