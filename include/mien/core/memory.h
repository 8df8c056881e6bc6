// Memory that was freed.
#pragma once

namespace mien {

/// Gives the pages of freed memory back to the system, which otherwise stay with the process.
void give_back_freed_memory();

}  // namespace mien
