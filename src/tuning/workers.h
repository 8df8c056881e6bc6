// Independent pieces of work on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace mien {

/// Calls work(0) ... work(count - 1), each once, on up to `threads` threads. The first exception is
/// thrown again when all threads have ended. Results do not depend on the threads as long as each
/// piece writes to its own place.
void for_each_piece(std::size_t count, std::int64_t threads,
                    const std::function<void(std::size_t)>& work);

}  // namespace mien
