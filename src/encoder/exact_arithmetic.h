// What every network of this process computes with.
#pragma once

namespace mien {

/// The same numbers every time, and those that fp32 means. The profiling executor changes its plan
/// after some runs, and with it the last bits, so that a resumed job would differ from an
/// uninterrupted one; on a GPU kernels would be fused as they run, and fp32 rounded to TF32.
void compute_exactly();

}  // namespace mien
