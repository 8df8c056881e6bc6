#include "mien/core/memory.h"

#include <malloc.h>

namespace mien {

void give_back_freed_memory() {
  malloc_trim(0);
}

}  // namespace mien
