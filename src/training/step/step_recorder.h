// Steps that are recorded once and played again, where the device can.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mien/head/training_pass.h"
#include "mien/training/dataset.h"
#include "mien/training/step.h"
#include "step/step_graph.h"

namespace mien {

/// What a recording has fixed beside the shapes of its batch.
struct StepKind {
  bool sharp = false;                ///< with a second pass
  std::optional<double> cvar_alpha;  ///< of this step, in place of the objective's

  bool operator==(const StepKind&) const = default;
};

/// A step launches some 150 small kernels, and a GPU waits for the host between them; a recording
/// of them is one launch. What a step computes with is then fixed, except what lies in tensors: so
/// there is a recording for each StepKind, with a batch and buffers of its own, made when a kind
/// has come back a few times. Each is checked once against the kernels launched one by one; where
/// recording fails or the check does, steps go on without, and a warning says so.
class StepRecorder {
 public:
  /// Steps once with these buffers; reads the batch and, beside it, only tensors that stay in
  /// place.
  using Work = std::function<StepValue(TrainingPass& pass, const Batch& batch)>;
  using MakePass = std::function<std::unique_ptr<TrainingPass>()>;

  static constexpr int kStepsBefore = 3;  ///< of a kind, launched one by one, before it is recorded

  /// `state`: every tensor that a step moves.
  StepRecorder(StepGraphMaker make_graph, MakePass make_pass, std::vector<at::Tensor> state);
  ~StepRecorder();

  /// One step of `kind` on a batch; `work` and `pass` serve while there is no recording. The
  /// result is overwritten by the next step.
  StepValue operator()(const StepKind& kind, const Batch& batch, TrainingPass& pass,
                       const Work& work);

  int plays() const { return plays_; }

 private:
  struct Recording;
  Recording& recording_of(const StepKind& kind, const Batch& batch);
  StepValue record(Recording& recording, const Batch& batch, const Work& work);
  StepValue play(Recording& recording, const Batch& batch);
  void give_up(const std::string& reason);

  StepGraphMaker make_graph_;
  MakePass make_pass_;
  std::vector<at::Tensor> state_;
  std::vector<std::unique_ptr<Recording>> recordings_;
  bool gave_up_ = false;
  int plays_ = 0;
};

}  // namespace mien
