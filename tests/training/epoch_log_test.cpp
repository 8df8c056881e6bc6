#include "run/epoch_log.h"

#include <ATen/ops/scalar_tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "mien/data/challenge.h"

namespace mien {
namespace {

at::Tensor scalar(double value) {
  return at::scalar_tensor(value, at::TensorOptions().dtype(at::kFloat));
}

StepValue step_of(double loss, double norm, std::optional<double> perturbed = {}) {
  return {scalar(loss),
          scalar(norm),
          perturbed ? scalar(*perturbed) : at::Tensor(),
          {scalar(loss / 2), at::Tensor()}};
}

const std::vector<BatchRange> kBatches = {{0, 10}, {10, 20}, {20, 25}};
const std::vector<Task> kTasks = {au_task(), expr_task()};

TEST(EpochLogTest, MeansOfWhatTheStepsSaid) {
  EpochLog log(3, at::kCPU);
  log.add(step_of(1, 4, 1.5));
  log.add(step_of(2, 5));
  log.add(step_of(4, 9, 4.25));
  EXPECT_FALSE(log.first_bad());
  EpochRecord record;
  log.summarise(kBatches, kTasks, record);
  EXPECT_EQ(record.train_loss, (10 * 1 + 10 * 2 + 5 * 4) / 25.) << "by samples";
  EXPECT_EQ(record.gradient_norm, 6);
  EXPECT_EQ(record.sharpness, (.5 + .25) / 2) << "of the steps that looked";
  EXPECT_EQ(record.tasks.at(0).cvar_level, (.5 + 1 + 2) / 3);
  EXPECT_EQ(record.tasks.at(0).task, au_task());
  EXPECT_FALSE(record.tasks.at(1).cvar_level) << "a task without a tail has no level";
}

TEST(EpochLogTest, PlainStepsHaveNoSharpness) {
  EpochLog log(2, at::kCPU);
  log.add(step_of(1, 4));
  log.add(step_of(2, 5));
  EpochRecord record;
  log.summarise({{0, 10}, {10, 20}}, kTasks, record);
  EXPECT_FALSE(record.sharpness);
}

TEST(EpochLogTest, FindsTheFirstLossThatIsNoNumber) {
  const double nan = std::nan("");
  struct Case {
    StepValue bad;
    const char* what;
  };
  for (const Case& test :
       {Case{step_of(nan, 1), "train loss"}, Case{step_of(INFINITY, 1), "train loss"},
        Case{step_of(1, 1, nan), "loss at the perturbed weights"}}) {
    EpochLog log(5, at::kCPU);
    log.add(step_of(1, 1));
    EXPECT_FALSE(log.first_bad());
    log.add(step_of(1, 1, 2));
    log.add(test.bad);
    log.add(step_of(nan, nan));
    const auto found = log.first_bad();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->step, 2);
    EXPECT_STREQ(found->what, test.what);
    EXPECT_FALSE(std::isfinite(found->value));
  }
}

TEST(EpochLogTest, IsReadFromTimeToTime) {
  EpochLog log(600, at::kCPU);
  std::int64_t reads = 0;
  for (int i = 0; i < 600; ++i) {
    log.add(step_of(1, 1));
    reads += log.due();
  }
  EXPECT_EQ(reads, 2);
}

}  // namespace
}  // namespace mien
