#include "workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "mien/core/interrupt.h"

namespace mien {

void for_each_piece(std::size_t count, std::int64_t threads,
                    const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex guard;
  const auto loop = [&] {
    try {
      for (std::size_t piece = next++; piece < count; piece = next++) {
        throw_if_interrupted("nothing was changed");
        work(piece);
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(guard);
      if (!problem) problem = std::current_exception();
    }
  };
  std::vector<std::jthread> helpers;
  const auto wanted = std::min(static_cast<std::size_t>(std::max<std::int64_t>(1, threads)), count);
  for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(loop);
  loop();
  helpers.clear();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace mien
