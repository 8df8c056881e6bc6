#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <mutex>

#include "step/step_graph.h"

namespace mien {
namespace {

/// Of all recordings in the process: they share the generator, which takes one at a time.
std::mutex recording;

class CudaStepGraph final : public StepGraph {
 public:
  explicit CudaStepGraph(c10::Device device) : device_(device) {}

  void record(const std::function<void()>& work) override {
    const std::lock_guard alone(recording);
    // Recording needs another stream than the default one.
    const c10::cuda::CUDAStreamGuard guard(
        c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_.index()));
    // Of this thread alone: other trainings allocate and wait on the device meanwhile.
    graph_.capture_begin(/*pool=*/{0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      end_quietly();
      throw;
    }
    graph_.capture_end();
  }

  void play() override { graph_.replay(); }

 private:
  /// A recording that failed has to be ended all the same, or the process stays in it.
  void end_quietly() {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
    }
  }

  c10::Device device_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace

std::unique_ptr<StepGraph> make_step_graph(c10::Device device) {
  if (!device.is_cuda()) return nullptr;
  return std::make_unique<CudaStepGraph>(device);
}

}  // namespace mien
