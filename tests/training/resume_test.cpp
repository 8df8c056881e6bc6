#include "mien/training/resume.h"

#include <gtest/gtest.h>

#include "expectations.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

const RunFolder kRun("runs/x");

TrainOptions constant(std::int64_t epochs, std::int64_t warmup) {
  TrainOptions options;
  options.schedule.kind = "constant";
  options.schedule.warmup_epochs = warmup;
  options.epochs = epochs;
  return options;
}

std::string refusal_to(const std::vector<Difference>& differences, const TrainOptions& options) {
  return refusal_of([&] { require_same_run(kRun, differences, options); });
}

TEST(RequireSameRun, ListsEveryKeyThatMayNotChange) {
  const std::string refusal = refusal_to({{"sam.rho", "0.05", "0.1"},
                                          {"early_stop", "0", "3"},
                                          {"seed", "5", "6"},
                                          {"ema", "0", "0.9"}},
                                         {});
  EXPECT_TRUE(contains(refusal,
                       "--resume = runs/x: the configuration changed "
                       "(sam.rho: 0.05 -> 0.1; seed: 5 -> 6; ema: 0 -> 0.9); expected"));
  EXPECT_EQ(refusal.find("early_stop"), std::string::npos);
}

TEST(RequireSameRun, LetsWhatTouchesNothingChange) {
  EXPECT_NO_THROW(require_same_run(
      kRun, {{"early_stop", "0", "3"}, {"bank", "[/a]", "[/b]"}, {"annotations", "/c", "/d"}}, {}));
  EXPECT_NO_THROW(require_same_run(kRun, {{"epochs", "3", "6"}}, constant(6, 1)));
}

TEST(RequireSameRun, EpochsMayOnlyChangeWhereNoRateDoes) {
  TrainOptions cosine;
  cosine.epochs = 6;
  EXPECT_TRUE(contains(refusal_to({{"epochs", "3", "6"}}, cosine), "epochs: 3 -> 6"));
  EXPECT_TRUE(contains(refusal_to({{"epochs", "3", "6"}}, constant(6, 4)), "epochs: 3 -> 6"))
      << "the warm-up was cut to 3 epochs and would now take 4";
  EXPECT_TRUE(contains(refusal_to({{"epochs", "6", "3"}}, constant(3, 4)), "epochs: 6 -> 3"));
  EXPECT_NO_THROW(require_same_run(kRun, {{"epochs", "6", "4"}}, constant(4, 4)));
}

TEST(Outlook, StatesTheScheduleThatIsAhead) {
  TrainingState state;
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch) state.add({.epoch = epoch}, 0);
  state.step = 30;
  const TrainOptions options = constant(6, 0);
  const Schedule schedule(options.schedule, 1e-3, 6, 10);
  EXPECT_EQ(outlook(state, options, schedule, 10),
            "resuming after epoch 3 of 6: 30 steps to go, learning rate constant, 0.001 to 0.001");
  const TrainOptions done = constant(3, 0);
  EXPECT_EQ(outlook(state, done, Schedule(done.schedule, 1e-3, 3, 10), 10),
            "resuming after epoch 3 of 3: nothing to go");
}

}  // namespace
}  // namespace mien
