#include "mien/training/validate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/head/head_file.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/compute_scores.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::frames_up_to;
using testing::initialised;
using testing::labels_of;
using testing::random_dataset;
using testing::random_labels;
using testing::small_shape;
using testing::TemporaryFolder;
using testing::values_of;

constexpr std::int32_t kFrames = 300;

TEST(Validate, ItsF1IsThatOfTheScoresOfTheSameRows) {
  BankFolder folder(5);
  folder.add("a", frames_up_to(kFrames));
  const VideoLabels expr = random_labels(expr_task(), "a", kFrames, 1);
  const VideoLabels au = random_labels(au_task(), "a", kFrames, 2);
  Head head = initialised(small_shape(5, 2, 6, .5, {expr_task(), au_task()}), 3, at::kFloat);
  const TemporaryFolder run;
  save_head(run.path() / "best.safetensors", head, {});

  const auto logits = compute_logits(run.path() / "best.safetensors",
                                     read_head_metadata(run.path() / "best.safetensors"),
                                     {folder.bank()}, {"a"}, "cpu");
  const auto classes = decide(probabilities_of(logits.at(expr_task()))).videos.at(0).values;
  const auto units = decide(probabilities_of(logits.at(au_task()))).videos.at(0).values;
  std::vector<BinaryCounts> one_against_all(8), by_au(12);
  for (std::size_t i = 0; i < kFrames; ++i) {
    for (std::size_t c = 0; c < 8 && is_known(expr.values[i]); ++c) {
      const auto label = static_cast<double>(c);
      one_against_all[c].add(static_cast<double>(expr.values[i]) == label,
                             static_cast<double>(classes[i]) == label);
    }
    const auto row = std::span(au.values).subspan(12 * i, 12);
    if (!is_known_row(row)) continue;
    for (std::size_t u = 0; u < 12; ++u) by_au[u].add(row[u] == 1, units[12 * i + u] == 1);
  }
  double expr_f1 = 0, au_f1 = 0;
  for (const BinaryCounts& counts : one_against_all) expr_f1 += counts.f1() / 8;
  for (const BinaryCounts& counts : by_au) au_f1 += counts.f1() / 12;

  const Dataset data = load_dataset(
      {folder.bank()}, {labels_of(expr_task(), {expr}), labels_of(au_task(), {au})}, "cpu");
  const ValidationResult result = validate(head, Objective({}, {}), data);
  EXPECT_NEAR(result.metrics.at("expr_f1"), expr_f1, 1e-12);
  EXPECT_NEAR(result.metrics.at("au_f1"), au_f1, 1e-12);
  EXPECT_GT(au_f1, .2);
}

TEST(Validate, ItsCccIsThatOfTheScoresOfTheSameRows) {
  BankFolder folder(5);
  folder.add("a", frames_up_to(kFrames));
  const VideoLabels va = random_labels(va_task(), "a", kFrames, 1);
  Head head = initialised(small_shape(5, 2, 6, .5, {va_task()}), 3, at::kFloat);
  const TemporaryFolder run;
  save_head(run.path() / "best.safetensors", head, {});
  const auto metadata = read_head_metadata(run.path() / "best.safetensors");
  const auto logits =
      compute_logits(run.path() / "best.safetensors", metadata, {folder.bank()}, {"a"}, "cpu");
  const auto predicted = decide(probabilities_of(logits.at(va_task()))).videos.at(0).values;
  double ccc = 0;
  for (std::size_t d = 0; d < 2; ++d) {
    double n = 0, y = 0, p = 0, yy = 0, pp = 0, yp = 0;
    for (std::size_t i = 0; i < predicted.size(); i += 2) {
      if (!is_known(va.values[i]) || !is_known(va.values[i + 1])) continue;
      const double truth = static_cast<float>(va.values[i + d]), value = predicted[i + d];
      ++n, y += truth, p += value, yy += truth * truth, pp += value * value, yp += truth * value;
    }
    y /= n, p /= n;
    ccc += (yp / n - y * p) / (yy / n - y * y + pp / n - p * p + (y - p) * (y - p));
  }
  const Dataset data = load_dataset({folder.bank()}, {labels_of(va_task(), {va})}, "cpu");
  const ValidationResult result = validate(head, Objective({}, {}), data);
  EXPECT_NEAR(result.metrics.at("va_ccc"), ccc, 1e-6)
      << "logits to rounding: other rows are in the product";
  EXPECT_GT(std::abs(ccc), 1e-3);
  EXPECT_EQ(result.metrics.size(), 1U);
}

TEST(Validate, ItsLossIsTheObjectiveOverAllRows) {
  const Dataset data = random_dataset(5, 60, 4);
  const Head head = initialised(small_shape(5, 1, 6, .5, {expr_task(), au_task()}), 3, at::kFloat);
  const auto loss = [&](const ObjectiveOptions& options) {
    return validate(head, Objective(options, {}), data).loss;
  };
  const auto logits = head.forward(data.embeddings.to(at::kFloat));
  EXPECT_NEAR(loss({}), Objective({}, {})(logits, data.all_targets()).item<double>(), 1e-6);
  EXPECT_EQ(loss({.auc_weight = .5}), loss({})) << "the pairs are left out";
  EXPECT_LT(loss({.cvar_alpha = 1}), loss({.cvar_alpha = .2}));
}

TEST(Validate, ATaskThatIsNotTrainedHasNoF1) {
  BankFolder folder(5);
  folder.add("a", frames_up_to(20));
  const Dataset data = load_dataset(
      {folder.bank()}, {labels_of(au_task(), {random_labels(au_task(), "a", 20, 2)})}, "cpu");
  Head head = initialised(small_shape(5, 1, 6, .5, {au_task()}), 3, at::kFloat);
  const auto before = values_of(head.statistics());
  const ValidationResult result = validate(head, Objective({}, {}), data);
  EXPECT_FALSE(result.metrics.contains("expr_f1"));
  EXPECT_TRUE(result.metrics.contains("au_f1"));
  EXPECT_EQ(values_of(head.statistics()), before);
}

}  // namespace
}  // namespace mien
