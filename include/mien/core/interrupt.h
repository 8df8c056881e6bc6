// Ctrl-C and SIGTERM: a flag that long jobs look at between two pieces of work.
#pragma once

namespace mien {

/// From now on SIGINT and SIGTERM set the flag; a second one ends the process at once.
void catch_interrupts();
bool interrupt_requested();

/// Throws Interrupted with `kept` ("finished videos are kept; the same command goes on") if set.
void throw_if_interrupted(const char* kept);

}  // namespace mien
