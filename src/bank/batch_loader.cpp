#include "batch_loader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mien {
namespace {

constexpr int kNiceness = 10;

int threads_of(std::int64_t workers) {
  return static_cast<int>(std::max<std::int64_t>(1, workers));
}

}  // namespace

BatchLoader::LowPriority::LowPriority(tbb::task_arena& arena)
    : tbb::task_scheduler_observer(arena) {
  observe(true);
}

void BatchLoader::LowPriority::on_scheduler_entry(bool is_worker) {
  if (is_worker) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
}

// The encoder's thread never enters the arena: no slot is kept for it, and oneTBB counts it as one
// thread more than there are workers.
BatchLoader::BatchLoader(std::int64_t workers, const ImageRecipe& recipe)
    : threads_(tbb::global_control::max_allowed_parallelism,
               static_cast<std::size_t>(threads_of(workers)) + 1),
      arena_(threads_of(workers), 0),
      low_priority_(arena_),
      recipe_(recipe) {}

BatchLoader::~BatchLoader() {
  giving_up_ = true;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return std::ranges::all_of(on_the_way_, [](const auto& job) { return job->is_ready; });
  });
}

void BatchLoader::start(const BatchSlice& slice) {
  Job& job = *on_the_way_.emplace_back(std::make_unique<Job>(slice, recipe_));
  if (slice.count == 0) finish(job);
  // One task an image, first come first served: a later batch never delays an earlier one.
  for (std::size_t i = 0; i < slice.count; ++i) {
    arena_.enqueue([this, &job, i] { read(job, i); });
  }
}

void BatchLoader::read(Job& job, std::size_t index) {
  try {
    if (!giving_up_) job.load.read(index);
  } catch (...) {
    note_error(job);
  }
  if (--job.unread > 0) return;
  try {
    if (!giving_up_) job.load.place();
  } catch (...) {
    note_error(job);
  }
  finish(job);
}

void BatchLoader::note_error(Job& job) {
  const std::lock_guard lock(mutex_);
  job.error = std::current_exception();
}

void BatchLoader::finish(Job& job) {
  const std::lock_guard lock(mutex_);
  job.is_ready = true;
  changed_.notify_all();
}

bool BatchLoader::is_ready() const {
  const std::lock_guard lock(mutex_);
  return !on_the_way_.empty() && on_the_way_.front()->is_ready;
}

LoadedBatch BatchLoader::take() {
  std::unique_lock lock(mutex_);
  const std::unique_ptr<Job>& oldest = on_the_way_.front();
  changed_.wait(lock, [&oldest] { return oldest->is_ready; });
  if (oldest->error) std::rethrow_exception(oldest->error);
  LoadedBatch batch = oldest->load.take();
  on_the_way_.pop_front();
  return batch;
}

}  // namespace mien
