// One step of training: gradient, perturbation, gradient there, AdamW.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "mien/head/head.h"
#include "mien/head/training_pass.h"
#include "mien/objective/objective.h"
#include "mien/training/dataset.h"
#include "mien/training/options.h"
#include "mien/training/task_weights.h"

namespace mien {

class StepGraph;
class StepRecorder;

/// What a step says of itself: scalars on the head's device, so that nothing waits for them.
struct StepValue {
  at::Tensor loss;                      ///< at the weights w
  at::Tensor gradient_norm;             ///< |g|2 at w, over all parameters together
  at::Tensor perturbed_loss;            ///< at w', of the same batch; undefined for a plain step
  std::vector<at::Tensor> tail_levels;  ///< at w, as in ObjectiveValue
};

/// Sharpness-aware minimisation (Foret et al., 2021; adaptive: Kwon et al., 2021) around AdamW
/// (Loshchilov and Hutter, 2019). With gradient g at the weights w:
///     w' = w + rho g / (|g| + 1e-12)          adaptive: w + rho w^2 g / (| |w| g | + 1e-12)
/// over all parameters together; the gradient at w' on the same batch then moves w. BatchNorm uses
/// batch statistics in both passes and updates its running statistics in the first only. Learned
/// task weights are not perturbed; their gradient is the one at w', too.
///
/// `sam.every` = k: so steps step 0, k, 2k ...; each other one is a plain AdamW step by the
/// gradient at w, which saves its second pass. LookSAM (Liu et al., 2022) also steps sharply every
/// k-th time and reuses the direction in between; here nothing is reused, so there is no more
/// state.
///
/// The loss at w' minus the loss at w estimates the sharpness. Both have to see the same masks for
/// it to be the rise along g: with dropout and fresh masks in pass 2 (the default) it is the rise
/// of another subnetwork than the one g belongs to, so smaller, noisy and negative at times; its
/// mean over an epoch still tells runs apart. `sam.same_dropout`, or no dropout, gives the rise.
class SharpnessAwareStep {
 public:
  /// `head` and `objective` outlive this object.
  SharpnessAwareStep(Head& head, const Objective& objective, OptimizerOptions optimizer,
                     SamOptions sam, Precision precision, std::uint64_t seed);
  ~SharpnessAwareStep();

  /// From here on, steps are recorded and played where `make_graph` (step_graph.h) has a graph for
  /// the device; elsewhere nothing changes.
  void record_with(const std::function<std::unique_ptr<StepGraph>(c10::Device)>& make_graph);

  /// Steps once; `step` (0-based over the training) keys the dropout masks and counts to `every`;
  /// `cvar_alpha` in place of the objective's. The result holds until the next step.
  StepValue operator()(const at::Tensor& embeddings, const std::vector<TaskTargets>& targets,
                       double lr, std::int64_t step, std::optional<double> cvar_alpha = {});

  /// Null when the tasks' weights are fixed.
  LearnedTaskWeights* task_weights() { return task_weights_ ? &*task_weights_ : nullptr; }

  /// AdamW's state, flat like the parameters; saved and restored by checkpoints.
  at::Tensor& first_moment() { return first_moment_; }
  at::Tensor& second_moment() { return second_moment_; }
  at::Tensor& step_count() { return step_count_; }  ///< fp32 scalar

 private:
  using DropoutKeys = std::array<DropoutKey, 2>;  ///< of the pass at w and of the one at w'

  /// The step itself: launches kernels, waits for nothing.
  StepValue run(TrainingPass& pass, const Batch& batch, bool sharp, const DropoutKeys& keys);
  /// Leaves the gradient at `weights` in `pass`; gives the objective there.
  ObjectiveValue gradient(TrainingPass& pass, const HeadLayers& weights, const Batch& batch,
                          const DropoutKey& key, bool update_statistics);
  DropoutKey key_of(std::int64_t step, std::uint64_t pass);
  void make_dropout_bits();
  void perturb(const at::Tensor& g, const at::Tensor& norm);
  void update(const at::Tensor& gradient);

  Head& head_;
  const Objective& objective_;
  OptimizerOptions optimizer_;
  SamOptions sam_;
  std::uint64_t seed_;
  Precision precision_;
  TrainingPass pass_;
  at::Tensor first_moment_, second_moment_, step_count_;
  at::Tensor perturbed_;         ///< w', flat like the parameters; without a radius they themselves
  HeadLayers perturbed_layers_;  ///< its views
  std::optional<LearnedTaskWeights> task_weights_;
  ObjectiveState objective_state_;  ///< of the step under way
  at::Tensor lr_;                   ///< scalar: fp64 on the CPU, fp32 elsewhere
  /// int64 [2]: DropoutKey::mixed() of each pass. Undefined where the masks are made on the host.
  at::Tensor dropout_bits_;
  std::unique_ptr<StepRecorder> recorder_;
  at::Tensor log_variance_gradient_;  ///< of the last gradient()
};

}  // namespace mien
