#include "tallies.h"

#include <algorithm>
#include <cmath>

namespace mien {
namespace {

Baseline majority_class(const TaskCounts& counts, const Prior& prior) {
  const Confusion& confusion = counts.confusion();
  const std::size_t classes = confusion.classes();
  Prior shares = prior;
  if (shares.empty()) {
    for (std::size_t c = 0; c < classes; ++c) {
      shares.push_back(static_cast<float>(confusion.support(c)));
    }
  }
  const auto most = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
  const auto tp = static_cast<double>(confusion.support(most));
  const auto all = static_cast<double>(confusion.total());
  const double f1 = tp == 0 ? 0.0 : 2 * tp / (tp + all) / static_cast<double>(classes);
  return {f1, prior.empty() ? "evaluated" : "training", {counts.task().outputs()[most]}};
}

Baseline majority_outputs(const TaskCounts& counts, const std::vector<bool>& chosen,
                          const Prior& prior) {
  Baseline baseline{0, prior.empty() ? "evaluated" : "training", {}};
  const auto outputs = static_cast<double>(std::ranges::count(chosen, true));
  for (std::size_t k = 0; k < counts.outputs().outputs.size(); ++k) {
    const BinaryCounts& count = counts.outputs().outputs[k];
    const std::int64_t positive = count.tp + count.fn, all = count.total();
    const bool always_one = prior.empty() ? all > 0 && 2 * positive >= all : prior[k] >= 0.5F;
    if (!always_one) continue;  // never 1: no true positive, F1 0
    baseline.answers.push_back(counts.task().outputs()[k]);
    if (positive == 0 || !chosen[k]) continue;
    baseline.f1 +=
        2 * static_cast<double>(positive) / static_cast<double>(positive + all) / outputs;
  }
  return baseline;
}

}  // namespace

TaskCounts& Units::unit(const std::string& name) {
  const auto [found, added] = places_.try_emplace(name, counts_.size());
  if (added) counts_.emplace_back(labels_.task);
  return counts_[found->second];
}

void Units::add(const VideoLabels& video, const AlignedVideo& rows) {
  if (rows.positions.empty()) return;
  if (video.groups.empty()) {
    unit(video.video).add(rows.truth, rows.prediction);
    return;
  }
  are_groups_ = true;
  const std::size_t columns = label_columns(labels_.task);
  const std::span<const double> truth = rows.truth, prediction = rows.prediction;
  for (std::size_t i = 0; i < rows.positions.size(); ++i) {
    unit(labels_.group_of(video, rows.positions[i]))
        .add(truth.subspan(i * columns, columns), prediction.subspan(i * columns, columns));
  }
}

TaskCounts pooled(const std::vector<TaskCounts>& units,
                  std::span<const std::int32_t> multiplicities) {
  TaskCounts total(units.front().task());
  for (std::size_t u = 0; u < units.size(); ++u) {
    const std::int32_t times = multiplicities.empty() ? 1 : multiplicities[u];
    if (times > 0) total.merge(units[u], times);
  }
  return total;
}

std::vector<double> statistics_of(const TaskCounts& counts, PartlyKnown policy) {
  const std::vector<bool> chosen = counts.in_mean(policy);
  std::vector<double> values = counts.scores();
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!chosen[k]) values[k] = kUnknown;
  }
  values.insert(values.begin(), counts.mean(chosen));
  return values;
}

void describe(const TaskCounts& counts, const std::vector<bool>& chosen, TaskResult& result) {
  const Task& task = counts.task();
  const Confusion& confusion = counts.confusion();
  for (std::size_t k = 0; k < score_columns(task); ++k) {
    PartResult& part = result.parts.emplace_back(PartResult{.name = task.outputs()[k]});
    part.in_mean = chosen[k];
    if (task.is_classes()) {
      part.defined = confusion.f1_defined(k);
      part.support = confusion.support(k);
      part.answered = confusion.predicted(k);
      part.known = confusion.total();
    } else if (task.is_binary()) {
      const BinaryCounts& count = counts.outputs().outputs[k];
      part.defined = count.f1_defined();
      part.support = count.tp + count.fn;
      part.answered = count.tp + count.fp;
      part.known = count.total();
    } else {
      const Concordance& moments = counts.moments()[k];
      part.defined = moments.defined();
      part.support = part.answered = part.known = moments.count();
      part.errors = {moments.pearson(), moments.mean_absolute_error(),
                     std::sqrt(moments.mean_squared_error())};
    }
  }
  if (!task.is_classes()) return;
  result.confusion = confusion;
  result.accuracy = confusion.accuracy();
}

double own_score(const Task& task, const AlignedVideo& rows) {
  TaskCounts counts(task);
  counts.add(rows.truth, rows.prediction);
  if (task.is_classes()) return counts.confusion().accuracy();
  if (task.is_binary()) {
    BinaryCounts together;
    for (const BinaryCounts& output : counts.outputs().outputs) together.merge(output);
    return together.f1_defined() ? together.f1() : 1.0;
  }
  double sum = 0;
  std::int64_t outputs = 0;
  for (const Concordance& moments : counts.moments()) {
    if (moments.count() == 0) continue;
    sum += moments.mean_squared_error();
    ++outputs;
  }
  return outputs == 0 ? 0 : std::sqrt(sum / static_cast<double>(outputs));
}

std::optional<Baseline> majority_baseline(const TaskCounts& counts, const std::vector<bool>& chosen,
                                          const Prior& prior) {
  if (counts.task().is_classes()) return majority_class(counts, prior);
  if (counts.task().is_binary()) return majority_outputs(counts, chosen, prior);
  return std::nullopt;
}

}  // namespace mien
