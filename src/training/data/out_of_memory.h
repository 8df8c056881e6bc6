// Running out of memory as an error of what asked for too much.
#pragma once

#include <functional>

namespace mien {

/// Does `work`; where LibTorch or the allocator has no memory left for it, throws an InputError
/// that says so.
void with_memory_as_input(const std::function<void()>& work);

}  // namespace mien
