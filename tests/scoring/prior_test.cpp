#include "mien/scoring/prior.h"

#include <gtest/gtest.h>

#include "mien/data/challenge.h"
#include "mien/scoring/scores.h"

namespace mien {
namespace {

TEST(Prior, CountsClassesOverValidLabels) {
  const LabelSet labels{
      expr_task(), Split::kTrain, {{"a", {1, 2, 3}, {4, kUnknown, 4}}, {"b", {1}, {0}}}, {}};
  const Prior prior = prior_of(labels);
  EXPECT_FLOAT_EQ(prior.at(4), 2.0F / 3);
  EXPECT_FLOAT_EQ(prior.at(0), 1.0F / 3);
  EXPECT_EQ(decide(expr_task(), prior), std::vector<double>{4});
}

TEST(Prior, SharesOfAnActionUnitLeaveOutItsInvalidLabels) {
  std::vector<double> values(24, 0.0F);
  values[0] = 1;
  values[12] = kUnknown;
  values[1] = 1;
  const Prior prior = prior_of({au_task(), Split::kTrain, {{"a", {1, 2}, values}}, {}});
  EXPECT_EQ(prior.at(0), 1.0F);
  EXPECT_EQ(prior.at(1), 0.5F);
  EXPECT_EQ(prior.at(2), 0.0F);
  EXPECT_EQ(decide(au_task(), prior).at(1), 1.0F);
}

TEST(Prior, OfValenceAndArousalIsTheirMean) {
  const LabelSet labels{
      va_task(), Split::kTrain, {{"a", {1, 2, 3}, {1, 0, 0, 1, kUnknown, kUnknown}}}, {}};
  EXPECT_EQ(prior_of(labels), (Prior{0.5F, 0.5F}));
}

TEST(Prior, OfNoValidLabelsIsAllZeros) {
  EXPECT_EQ(prior_of({expr_task(), Split::kTrain, {{"a", {1}, {kUnknown}}}, {}}), Prior(8, 0.0F));
  EXPECT_EQ(prior_of({va_task(), Split::kTrain, {}, {}}), Prior(2, 0.0F));
}

}  // namespace
}  // namespace mien
