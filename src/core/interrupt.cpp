#include "mien/core/interrupt.h"

#include <csignal>

#include "mien/core/error.h"

namespace mien {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void on_signal(int signal) {
  if (requested != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  requested = 1;
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupt_requested() {
  return requested != 0;
}

void throw_if_interrupted(const char* kept) {
  if (interrupt_requested()) throw Interrupted(kept);
}

}  // namespace mien
