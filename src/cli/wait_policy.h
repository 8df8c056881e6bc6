// Threads that wait without spinning.
#pragma once

namespace mien {

/// OpenMP's threads spin between two operations by default, which slows a step tenfold as soon as
/// another process wants the processor. The runtime reads its policy before main() begins, so the
/// process is replaced by itself with the policy set, unless the user has set one.
void wait_passively(char** arguments);

}  // namespace mien
