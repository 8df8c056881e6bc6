#include "mien/scoring/prior.h"

#include <gtest/gtest.h>

#include "mien/scoring/scores.h"

namespace mien {
namespace {

TEST(Prior, CountsClassesOverValidLabels) {
  const LabelSet labels{
      Task::kExpr, Split::kTrain, {{"a", {1, 2, 3}, {4, -1, 4}}, {"b", {1}, {0}}}, {}};
  const Prior prior = prior_of(labels);
  EXPECT_FLOAT_EQ(prior.at(4), 2.0F / 3);
  EXPECT_FLOAT_EQ(prior.at(0), 1.0F / 3);
  EXPECT_EQ(decide(Task::kExpr, prior), std::vector<double>{4});
}

TEST(Prior, SharesOfAnActionUnitLeaveOutItsInvalidLabels) {
  std::vector<double> values(24, 0.0F);
  values[0] = 1;
  values[12] = -1;
  values[1] = 1;
  const Prior prior = prior_of({Task::kAu, Split::kTrain, {{"a", {1, 2}, values}}, {}});
  EXPECT_EQ(prior.at(0), 1.0F);
  EXPECT_EQ(prior.at(1), 0.5F);
  EXPECT_EQ(prior.at(2), 0.0F);
  EXPECT_EQ(decide(Task::kAu, prior).at(1), 1.0F);
}

TEST(Prior, OfValenceAndArousalIsTheirMean) {
  const LabelSet labels{Task::kVa, Split::kTrain, {{"a", {1, 2, 3}, {1, 0, 0, 1, -5, -5}}}, {}};
  EXPECT_EQ(prior_of(labels), (Prior{0.5F, 0.5F}));
}

TEST(Prior, OfNoValidLabelsIsAllZeros) {
  EXPECT_EQ(prior_of({Task::kExpr, Split::kTrain, {{"a", {1}, {-1}}}, {}}), Prior(8, 0.0F));
  EXPECT_EQ(prior_of({Task::kVa, Split::kTrain, {}, {}}), Prior(2, 0.0F));
}

}  // namespace
}  // namespace mien
