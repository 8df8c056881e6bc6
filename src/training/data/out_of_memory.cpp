#include "data/out_of_memory.h"

#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "mien/core/error.h"

namespace mien {
namespace {

InputError refusal() {
  return {"memory", "(all of it)", "there is not enough for this training"};
}

/// The CPU's allocator has no exception of its own.
bool is_of_allocator(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string(error.what_without_backtrace()).find("can't allocate memory") !=
             std::string::npos;
}

}  // namespace

void with_memory_as_input(const std::function<void()>& work) {
  try {
    work();
  } catch (const c10::Error& error) {
    if (is_of_allocator(error)) throw refusal();
    throw;
  } catch (const std::bad_alloc&) {
    throw refusal();
  }
}

}  // namespace mien
