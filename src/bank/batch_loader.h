// Reads, decodes and resizes the next batches while the encoder works on those before.
#pragma once

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>

#include "batch_load.h"

namespace mien {

/// Batches are started and taken in order by one thread; their images are read by `workers` others
/// of lower priority, the oldest batch's first.
class BatchLoader {
 public:
  BatchLoader(std::int64_t workers, const ImageRecipe& recipe);
  /// Gives up what was started.
  ~BatchLoader();

  void start(const BatchSlice& slice);
  std::size_t batches() const { return on_the_way_.size(); }  ///< started and not taken

  /// Whether take() would come back at once.
  bool is_ready() const;

  /// The oldest one; waits for it. Throws what its reading threw.
  LoadedBatch take();

 private:
  /// A started batch.
  struct Job {
    Job(const BatchSlice& slice, const ImageRecipe& recipe)
        : load(slice, recipe), unread(slice.count) {}
    BatchLoad load;
    std::atomic<std::size_t> unread;
    bool is_ready = false;  // this and the next: under mutex_
    std::exception_ptr error;
  };

  /// Lowers the priority of the arena's threads.
  class LowPriority : public tbb::task_scheduler_observer {
   public:
    explicit LowPriority(tbb::task_arena& arena);
    ~LowPriority() override { observe(false); }
    void on_scheduler_entry(bool is_worker) override;
  };

  void read(Job& job, std::size_t index);
  void note_error(Job& job);
  void finish(Job& job);

  tbb::global_control threads_;
  tbb::task_arena arena_;
  LowPriority low_priority_;
  ImageRecipe recipe_;
  std::deque<std::unique_ptr<Job>> on_the_way_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> giving_up_ = false;
};

}  // namespace mien
