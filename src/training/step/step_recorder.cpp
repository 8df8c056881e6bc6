#include "step/step_recorder.h"

#include <ATen/ops/isfinite.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// As many kinds as a training has at a time: sharp and plain, of whole and of last batches. A
/// schedule of alpha makes a new one every step, which comes to nothing.
constexpr std::size_t kKinds = 4;
/// Between a recording and the kernels launched one by one, relative L2 of a tensor: the same
/// kernels in the same order may still choose other sums.
constexpr double kTolerance = 1e-3;

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& tensor : tensors) result.push_back(tensor.clone());
  return result;
}

void restore(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& from) {
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].copy_(from[i]);
}

/// Whether each tensor is within the tolerance of what it should be; one with a NaN is not.
bool agree(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double distance = found[i].sub(expected[i]).norm().item<double>();
    if (!(distance <= kTolerance * expected[i].norm().item<double>())) return false;
  }
  return true;
}

bool all_finite(const std::vector<at::Tensor>& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const at::Tensor& tensor) {
    return at::isfinite(tensor).all().item<bool>();
  });
}

bool same_shape(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.sizes() == b.sizes());
}

at::Tensor copy_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.clone() : tensor;
}

Batch copy_of(const Batch& batch) {
  Batch copy{batch.embeddings.clone(), batch.targets};
  for (TaskTargets& task : copy.targets) {
    task.labels = copy_of(task.labels);
    task.valid = copy_of(task.valid);
    task.videos = copy_of(task.videos);
  }
  return copy;
}

void copy_into(const Batch& to, const Batch& from) {
  to.embeddings.copy_(from.embeddings, /*non_blocking=*/true);
  for (std::size_t t = 0; t < to.targets.size(); ++t) {
    const TaskTargets &target = to.targets[t], &source = from.targets[t];
    target.labels.copy_(source.labels, /*non_blocking=*/true);
    if (target.valid.defined()) target.valid.copy_(source.valid, /*non_blocking=*/true);
    if (target.videos.defined()) target.videos.copy_(source.videos, /*non_blocking=*/true);
  }
}

}  // namespace

struct StepRecorder::Recording {
  StepKind kind;
  Batch batch;  ///< the shapes; once recorded, where the recording reads
  int seen = 0;
  std::unique_ptr<TrainingPass> pass;
  std::unique_ptr<StepGraph> graph;  ///< null until recorded
  StepValue value;                   ///< where the recording writes

  bool serves(const StepKind& other, const Batch& given) const {
    if (!(kind == other) || !same_shape(batch.embeddings, given.embeddings)) return false;
    for (std::size_t t = 0; t < given.targets.size(); ++t) {
      const TaskTargets &a = batch.targets[t], &b = given.targets[t];
      if (!same_shape(a.valid, b.valid) || !same_shape(a.videos, b.videos)) return false;
    }
    return true;
  }
};

StepRecorder::StepRecorder(StepGraphMaker make_graph, MakePass make_pass,
                           std::vector<at::Tensor> state)
    : make_graph_(std::move(make_graph)),
      make_pass_(std::move(make_pass)),
      state_(std::move(state)) {}

StepRecorder::~StepRecorder() = default;

StepValue StepRecorder::operator()(const StepKind& kind, const Batch& batch, TrainingPass& pass,
                                   const Work& work) {
  if (gave_up_) return work(pass, batch);
  Recording& recording = recording_of(kind, batch);
  if (recording.graph) return play(recording, batch);
  if (++recording.seen > kStepsBefore) return record(recording, batch, work);
  return work(pass, batch);
}

StepRecorder::Recording& StepRecorder::recording_of(const StepKind& kind, const Batch& batch) {
  const auto found =
      std::find_if(recordings_.begin(), recordings_.end(),
                   [&](const auto& recording) { return recording->serves(kind, batch); });
  if (found != recordings_.end()) return **found;
  if (recordings_.size() == kKinds) {
    const auto without = std::find_if(recordings_.begin(), recordings_.end(),
                                      [](const auto& recording) { return !recording->graph; });
    recordings_.erase(without == recordings_.end() ? recordings_.begin() : without);
  }
  recordings_.push_back(std::make_unique<Recording>());
  recordings_.back()->kind = kind;
  recordings_.back()->batch = batch;
  return *recordings_.back();
}

StepValue StepRecorder::record(Recording& recording, const Batch& batch, const Work& work) {
  recording.batch = copy_of(batch);
  recording.pass = make_pass_();
  const auto step = [&recording, work] { return work(*recording.pass, recording.batch); };
  const auto before = copies(state_);
  const StepValue expected = step();
  const auto after = copies(state_);
  auto wanted = after;
  wanted.push_back(expected.loss.clone());
  if (!all_finite(wanted)) return expected;  // nothing to compare a recording with
  try {
    recording.graph = make_graph_(batch.embeddings.device());
    recording.graph->record([&recording, step] { recording.value = step(); });
    restore(state_, before);
    recording.graph->play();
    ++plays_;
    auto found = copies(state_);
    found.push_back(recording.value.loss);
    if (agree(found, wanted)) return recording.value;
    give_up("a recorded step does not do what the step does");
  } catch (const c10::Error& error) {
    give_up(error.what_without_backtrace());
  }
  restore(state_, after);
  return expected;
}

StepValue StepRecorder::play(Recording& recording, const Batch& batch) {
  copy_into(recording.batch, batch);
  recording.graph->play();
  ++plays_;
  return recording.value;
}

void StepRecorder::give_up(const std::string& reason) {
  gave_up_ = true;
  log::warn(concat("steps are launched kernel by kernel, which is slower: ", reason));
}

}  // namespace mien
