#include "mien/evaluation/diagnostics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/data/challenge.h"
#include "mien/evaluation/agreement.h"
#include "mien/evaluation/evaluate.h"

namespace mien {
namespace {

TaskScores one_frame(Task task, std::vector<float> values) {
  return {task, {{"v", {3}, std::move(values)}}};
}

LabelSet label_of(Task task, std::vector<double> values, std::int32_t frame = 3) {
  return {task, Split::kValidation, {{"v", {frame}, std::move(values)}}, {}};
}

TEST(Diagnose, GivesTheCrossEntropyOfLogitsThatOverflow) {
  const TaskScores logits = one_frame(expr_task(), {1000, 0, 0, 0, 0, 0, 0, 0});
  const auto found =
      diagnose(logits, probabilities_of(logits), label_of(expr_task(), {1}), PartlyKnown::kDropRow);
  EXPECT_EQ(found.loss.terms, 1);
  for (const double mean : found.loss.means) EXPECT_DOUBLE_EQ(mean, 1000);
  EXPECT_DOUBLE_EQ(found.ece(), 1);
}

TEST(Diagnose, LeavesOutFramesThatAreNotScored) {
  const TaskScores logits = one_frame(expr_task(), std::vector<float>(8));
  for (const LabelSet& labels :
       {label_of(expr_task(), {kUnknown}), label_of(expr_task(), {0}, 4)}) {
    const auto found = diagnose(logits, probabilities_of(logits), labels, PartlyKnown::kDropRow);
    EXPECT_EQ(found.loss.terms, 0);
    EXPECT_EQ(found.loss.means[0], 0);
  }
}

TEST(Diagnose, CountsActionUnitsByThePolicy) {
  std::vector<double> truth(kActionUnits);
  truth[4] = kUnknown;
  const TaskScores logits = one_frame(au_task(), std::vector<float>(kActionUnits));
  const TaskScores p = probabilities_of(logits);
  const LabelSet labels = label_of(au_task(), truth);
  EXPECT_EQ(diagnose(logits, p, labels, PartlyKnown::kDropRow).loss.terms, 0);
  const auto masked = diagnose(logits, p, labels, PartlyKnown::kMaskValue);
  EXPECT_EQ(masked.loss.terms, 11);
  EXPECT_NEAR(masked.loss.means[0], std::log(2.0), 1e-15);
}

TEST(Diagnose, RefusesProbabilitiesOfOtherFrames) {
  const TaskScores logits = one_frame(va_task(), {0, 0});
  EXPECT_THROW(diagnose(logits, {va_task(), {{"v", {4}, {0, 0}}}}, label_of(va_task(), {0, 0}),
                        PartlyKnown::kDropRow),
               std::logic_error);
}

TEST(AgreementOf, CountsFramesOfBothAndOfOne) {
  const TaskDecisions first{va_task(), {{"v", {1, 2, 3}, {0, 0, .5, .5, 1, 1}}}};
  const TaskDecisions second{va_task(),
                             {{"v", {2, 3, 4}, {.5, .5, 1, .5, 0, 0}}, {"w", {1}, {0, 0}}}};
  const Agreement found = agreement_of(first, second, "p.txt");
  EXPECT_EQ(found.frames, 2);
  EXPECT_EQ(found.only_first, 1);
  EXPECT_EQ(found.only_second, 2);
  EXPECT_DOUBLE_EQ(found.parts.at(0).beyond, 1);
  EXPECT_DOUBLE_EQ(found.parts.at(1).equal, .5);
}

TEST(AgreementOf, RefusesAnotherTaskAndFramesThatNeverMeet) {
  const TaskDecisions first{expr_task(), {{"v", {1}, {0}}}};
  EXPECT_THROW(agreement_of(first, {va_task(), {}}, "p.txt"), InputError);
  EXPECT_THROW(agreement_of(first, {expr_task(), {{"v", {2}, {0}}}}, "p.txt"), InputError);
}

TEST(WorstDecile, IsATenthRoundedUp) {
  TaskResult result;
  for (int i = 0; i < 11; ++i) result.by_video.push_back({"v" + std::to_string(i), i / 10.0, 1});
  ASSERT_EQ(result.worst_decile().size(), 2U);
  EXPECT_EQ(result.worst_decile()[1].video, "v1");
}

}  // namespace
}  // namespace mien
