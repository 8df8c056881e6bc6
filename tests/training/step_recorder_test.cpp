#include "step/step_recorder.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/training/step.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::initialised;
using testing::random_dataset;
using testing::small_shape;

const std::vector<Task> kTasks = {expr_task(), au_task(), va_task()};
constexpr std::int64_t kSteps = 24;

/// What tests have for a graph: the recorded work is run again at every play. As with a real one,
/// recording moves nothing, and what the work took by value when it was recorded stays so.
class FakeGraph : public StepGraph {
 public:
  explicit FakeGraph(std::vector<at::Tensor> state) : state_(std::move(state)) {}

  void record(const std::function<void()>& work) override {
    std::vector<at::Tensor> before;
    for (const at::Tensor& tensor : state_) before.push_back(tensor.clone());
    work_ = work;
    work_();
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i].copy_(before[i]);
  }
  void play() override { work_(); }

 protected:
  std::vector<at::Tensor> state_;
  std::function<void()> work_;
};

/// Forgets to move the weights.
struct WrongGraph : FakeGraph {
  using FakeGraph::FakeGraph;
  void play() override {
    work_();
    state_[0].mul_(1.01);
  }
};

struct FailingGraph : FakeGraph {
  using FakeGraph::FakeGraph;
  void record(const std::function<void()>&) override { TORCH_CHECK(false, "cannot be recorded"); }
};

struct Setting {
  SamOptions sam;
  ObjectiveOptions loss;
  bool moving_alpha = false;
};

struct Outcome {
  at::Tensor weights, statistics;
  std::vector<double> losses;
};

/// kSteps steps with whole and last batches and a moving rate, recorded by `Graph` or, with void,
/// not at all.
template <class Graph>
Outcome outcome_of(const Setting& setting) {
  const Dataset data = random_dataset(6, 60, 3, kTasks);
  const Objective objective(setting.loss, data.class_counts());
  Head head = initialised(small_shape(6, 2, 5, .4, kTasks), 3);
  SharpnessAwareStep step(head, objective, {}, setting.sam, Precision::kFull, 5);
  if constexpr (!std::is_void_v<Graph>) {
    std::vector<at::Tensor> state = {head.parameters(), head.statistics(), step.first_moment(),
                                     step.second_moment(), step.step_count()};
    if (LearnedTaskWeights* learned = step.task_weights()) {
      state.insert(state.end(),
                   {learned->log_variances(), learned->first_moment(), learned->second_moment()});
    }
    step.record_with([state](c10::Device) { return std::make_unique<Graph>(state); });
  }
  std::vector<std::int64_t> order(60);
  std::iota(order.begin(), order.end(), 0);
  Outcome outcome;
  for (std::int64_t s = 0; s < kSteps; ++s) {
    std::rotate(order.begin(), order.begin() + 7, order.end());
    const Batch batch = data.gather(order, 0, s % 6 == 5 ? 9 : 20, at::kDouble);
    const std::optional<double> alpha =
        setting.moving_alpha ? std::optional(std::max(.5, 1 - .05 * static_cast<double>(s)))
                             : std::nullopt;
    const double lr = 1e-2 / static_cast<double>(s + 1);
    outcome.losses.push_back(
        step(batch.embeddings, batch.targets, lr, s, alpha).loss.item<double>());
  }
  outcome.weights = head.parameters().clone();
  outcome.statistics = head.statistics().clone();
  return outcome;
}

void expect_same(const Outcome& found, const Outcome& expected) {
  EXPECT_TRUE(found.weights.equal(expected.weights));
  EXPECT_TRUE(found.statistics.equal(expected.statistics));
  EXPECT_EQ(found.losses, expected.losses);
}

TEST(StepRecorder, PlaysWhatTheStepDoes) {
  ObjectiveOptions learned;
  learned.task_weighting = "learned";
  for (const Setting& setting : std::vector<Setting>{{.sam = {.rho = .05}},
                                                     {.sam = {.rho = 0}},
                                                     {.sam = {.rho = .1, .same_dropout = true}},
                                                     {.sam = {.rho = .05, .every = 2}},
                                                     {.sam = {.rho = .5, .adaptive = true}},
                                                     {.loss = learned},
                                                     {.moving_alpha = true}}) {
    expect_same(outcome_of<FakeGraph>(setting), outcome_of<void>(setting));
  }
}

TEST(StepRecorder, GoesOnWithoutARecordingThatIsWrongOrFails) {
  const Setting setting{.sam = {.rho = .05}};
  const Outcome expected = outcome_of<void>(setting);
  expect_same(outcome_of<WrongGraph>(setting), expected);
  expect_same(outcome_of<FailingGraph>(setting), expected);
}

/// Counts what is launched and what is played.
struct Counted {
  int launched = 0;
  StepRecorder recorder;
  at::Tensor state = at::zeros({1}, at::kDouble);
  Head head = initialised(small_shape(2, 0, 1, 0), 1);
  TrainingPass pass{head, Precision::kFull};

  Counted()
      : recorder([this](c10::Device) { return std::make_unique<FakeGraph>(std::vector{state}); },
                 [this] { return std::make_unique<TrainingPass>(head, Precision::kFull); }, {}) {}

  void step(StepKind kind, std::int64_t rows, double value = 0) {
    recorder(kind, {at::full({rows, 2}, value), {}}, pass,
             [this](TrainingPass&, const Batch& batch) {
               ++launched;
               return StepValue{.loss = batch.embeddings.sum(),
                                .gradient_norm = {},
                                .perturbed_loss = {},
                                .tail_levels = {}};
             });
  }
};

TEST(StepRecorder, RecordsAKindThatComesBack) {
  Counted counted;
  for (int i = 0; i < StepRecorder::kStepsBefore; ++i) counted.step({true, {}}, 8);
  EXPECT_EQ(counted.recorder.plays(), 0);
  for (int i = 0; i < 10; ++i) counted.step({true, {}}, 8);
  EXPECT_EQ(counted.recorder.plays(), 10);
  counted.step({true, {}}, 7);
  counted.step({false, {}}, 8);
  EXPECT_EQ(counted.recorder.plays(), 10) << "other kinds";
}

TEST(StepRecorder, DoesNotJudgeARecordingByAStepWithoutNumbers) {
  Counted counted;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 10; ++i) counted.step({true, {}}, 8, nan);
  EXPECT_EQ(counted.recorder.plays(), 0);
  EXPECT_EQ(counted.launched, 10);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  for (int i = 0; i < 10; ++i) counted.step({true, {}}, 8);
  EXPECT_EQ(counted.recorder.plays(), 10) << "recording is still to be had";
}

TEST(StepRecorder, ForgetsKindsThatDoNotComeBack) {
  Counted counted;
  for (int i = 0; i < 10; ++i) counted.step({true, {}}, 8);
  for (int i = 0; i < 50; ++i) counted.step({true, 1. / (i + 2)}, 8);
  const int plays = counted.recorder.plays();
  counted.step({true, {}}, 8);
  EXPECT_EQ(counted.recorder.plays(), plays + 1) << "the recording is kept";
}

}  // namespace
}  // namespace mien
