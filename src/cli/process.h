// How this process waits, keeps memory and gives its results.
#pragma once

#include <string_view>

namespace mien {

/// OpenMP's threads spin between two operations by default, which slows a step tenfold as soon as
/// another process wants the processor. The runtime reads its policy before main() begins, so the
/// process is replaced by itself with the policy set, unless the user has set one.
void wait_passively(char** arguments);

/// Freed memory stays with the process. By default large tensors are given back to the system and
/// faulted in again page by page, a third of the time of a convolutional encoder's batch.
void keep_freed_memory();

/// From now on standard output belongs to results: what libraries and a TorchScript file print goes
/// to standard error. After wait_passively().
void keep_output_for_results();

/// A result onto standard output. False when it is closed or full.
bool write_result(std::string_view text);

}  // namespace mien
