#include "mien/training/sweep.h"

#include <gtest/gtest.h>

#include <fstream>

#include "expectations.h"
#include "mien/training/sweep_table.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

class SweepPlanTest : public ::testing::Test {
 protected:
  SweepPlan plan(const std::string& grid, const std::vector<std::string>& more = {}) {
    folder_.write("base.yaml", "bank: bank\nannotations: labels\n");
    folder_.write("grid.yaml", grid);
    return plan_sweep(folder_.path() / "base.yaml", more, folder_.path() / "grid.yaml");
  }
  std::vector<std::string> names(const std::string& grid) {
    std::vector<std::string> all;
    for (const SweepRun& run : plan(grid).runs) all.push_back(run.name);
    return all;
  }
  TemporaryFolder folder_;
};

TEST_F(SweepPlanTest, IsTheProductWithTheLastKeyFastest) {
  const SweepPlan made = plan("loss.cvar.alpha: [.3, 1]\nsam: {rho: [0, .05]}\nseed: [2, 1]\n");
  ASSERT_EQ(made.runs.size(), 8U);
  EXPECT_EQ(made.runs[0].name, "alpha=0.3,rho=0,seed=2");
  EXPECT_EQ(made.runs[3].name, "alpha=0.3,rho=0.05,seed=1");
  EXPECT_TRUE(holds(made.labels, {"alpha", "rho", "seed"}));
  for (const SweepRun& run : made.runs) {
    const TrainOptions& options = run.configuration->options;
    EXPECT_EQ(run.name, "alpha=" + std::string(options.loss.cvar_alpha == .3 ? "0.3" : "1") +
                            ",rho=" + (options.sam.rho == 0 ? "0" : "0.05") +
                            ",seed=" + std::to_string(options.seed));
  }
}

TEST_F(SweepPlanTest, NamesAreShortReadableAndDifferent) {
  EXPECT_TRUE(
      holds(names("loss.auc.weight: [0]\noptimizer.weight_decay: [1e-4]\nloss.auc.margin: [.6]\n"),
            {"weight=0,weight_decay=1e-04,margin=0.6"}));
  EXPECT_TRUE(holds(names("head: {layers: [1]}\nloss.task_weights: [[1, .5], 2]\n"),
                    {"layers=1,task_weights=1+0.5", "layers=1,task_weights=2"}));
  EXPECT_TRUE(holds(names("bank: [x/clip, [y/clip, z/other]]\n"), {"bank=clip", "bank=other"}));
  EXPECT_TRUE(holds(names("init: [a/last.safetensors, b/last.safetensors]\n"),
                    {"init=1-last.safetensors", "init=2-last.safetensors"}));
}

TEST_F(SweepPlanTest, RefusesWhatNoRunCanBeMadeOf) {
  const std::string file = (folder_.path() / "grid.yaml").string();
  const auto refusal = [&](const std::string& grid, const std::vector<std::string>& more = {}) {
    return refusal_of([&] { plan(grid, more); });
  };
  EXPECT_EQ(refusal("\nsam.rhoo: [1]\n"),
            file + ":2: key = sam.rhoo: there is no such key; did you mean sam.rho?");
  EXPECT_TRUE(contains(refusal("seed: 5\n"), file + ":1: seed = 5: expected a list of values"));
  EXPECT_TRUE(contains(refusal("seed: []\n"), "expected a list of values"));
  EXPECT_TRUE(
      contains(refusal("sam.rho: [.1, -1]\n"), file + ":1: sam.rho = -1: expected a number"));
  EXPECT_TRUE(contains(refusal("sam.rho: [.1, 1e-1]\n"), "is in the list twice"));
  EXPECT_TRUE(contains(refusal("seed: [1]\nseed: [2]\n"), "given twice"));
  EXPECT_TRUE(contains(refusal("select: [loss, f1]\n"), "cannot be swept"));
  EXPECT_TRUE(contains(refusal(""), "expected a mapping of keys to lists"));
  EXPECT_TRUE(contains(refusal("[1, 2]\n"), "expected a mapping of keys to lists"));
  EXPECT_TRUE(contains(refusal("seed: [1]\n", {"seed=3"}), "argument = seed=3: is swept by"));
  EXPECT_TRUE(contains(refusal("split.fold: [0, 3]\nsplit.folds: [3]\n"),
                       "has the run fold=3,folds=3: split.fold = 3: expected"));
}

TEST(SweepSpread, OfOneValueHasNoInterval) {
  const Spread one = spread_of({.25});
  EXPECT_EQ(one.mean, .25);
  EXPECT_FALSE(one.low || one.high || one.deviation);
}

TEST(SweepSpread, IsStudentsInterval) {
  // scipy.stats.t.ppf(.975, 1) = 12.706204736174694, of 2 degrees 4.302652729749464
  const Spread two = spread_of({1, 3});
  EXPECT_NEAR(*two.deviation, std::sqrt(2.), 1e-15);
  EXPECT_NEAR(*two.high, 2 + 12.706204736174694, 1e-11);
  const Spread three = spread_of({1, 2, 3});
  EXPECT_NEAR(*three.low, 2 - 4.302652729749464 / std::sqrt(3.), 1e-12);
}

}  // namespace
}  // namespace mien
