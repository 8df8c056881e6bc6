// The kernels of a step, recorded once and launched as one.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace mien {

/// A recording of what a device was told to do. Playing it does the same again to the same memory,
/// for the price of one launch.
class StepGraph {
 public:
  virtual ~StepGraph() = default;

  /// Records the kernels that `work` launches; none of them runs. `work` must have run before (so
  /// that libraries are set up), waits for nothing, copies nothing from the host, and makes its
  /// tensors itself or finds them where they will be at every play(). Throws c10::Error.
  virtual void record(const std::function<void()>& work) = 0;

  /// Runs the recording after all that the current stream was given before.
  virtual void play() = 0;
};

/// Null on a device without graphs, and in a build without CUDA's headers.
std::unique_ptr<StepGraph> make_step_graph(c10::Device device);

using StepGraphMaker = std::function<std::unique_ptr<StepGraph>(c10::Device)>;

}  // namespace mien
