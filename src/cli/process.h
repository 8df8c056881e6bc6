// How this process waits and keeps memory.
#pragma once

namespace mien {

/// OpenMP's threads spin between two operations by default, which slows a step tenfold as soon as
/// another process wants the processor. The runtime reads its policy before main() begins, so the
/// process is replaced by itself with the policy set, unless the user has set one.
void wait_passively(char** arguments);

/// Freed memory stays with the process. By default large tensors are given back to the system and
/// faulted in again page by page, a third of the time of a convolutional encoder's batch.
void keep_freed_memory();

}  // namespace mien
