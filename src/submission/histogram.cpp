#include "histogram.h"

#include <algorithm>

namespace mien {
namespace {

/// What of a row says which class or AUs: of multi-task rows not valence and arousal.
std::span<const double> labels_in(SubmissionTask task, std::span<const double> values) {
  if (task == SubmissionTask::kVa) return {};
  return task == SubmissionTask::kMtl ? values.subspan(2) : values;
}

template <std::size_t N>
void name(const Prior& prior, const std::array<const char*, N>& names,
          std::map<std::string, double>& out) {
  for (std::size_t i = 0; i < N && prior.size() == N; ++i) {
    out[names[i]] = static_cast<double>(prior[i]);
  }
}

}  // namespace

void Histogram::add(std::size_t video, std::span<const double> values) {
  const std::span<const double> labels = labels_in(task_, values);
  if (labels.empty()) return;
  VideoTally& tally = videos_[video];
  if (tally.rows++ == 0) tally.first.assign(labels.begin(), labels.end());
  const auto compared = task_ == SubmissionTask::kMtl ? labels.first(1) : labels;
  tally.constant =
      tally.constant && std::equal(compared.begin(), compared.end(), tally.first.begin());
  const std::size_t units = task_ == SubmissionTask::kAu ? 0 : 1;
  if (units == 1) ++classes_[static_cast<std::size_t>(labels[0])];
  for (std::size_t i = units; i < labels.size(); ++i) ones_[i - units] += labels[i] > 0;
}

std::map<std::string, std::int64_t> Histogram::named() const {
  std::map<std::string, std::int64_t> out;
  const bool with_units = task_ == SubmissionTask::kAu || task_ == SubmissionTask::kMtl;
  if (task_ == SubmissionTask::kCe) {
    for (std::size_t c = 0; c < kCompounds; ++c) out[kCompoundNames[c]] = classes_[c];
  } else if (task_ == SubmissionTask::kExpr || task_ == SubmissionTask::kMtl) {
    for (std::size_t c = 0; c < kExpressions; ++c) out[kExpressionNames[c]] = classes_[c];
  }
  for (std::size_t u = 0; u < kActionUnits && with_units; ++u) out[kActionUnitNames[u]] = ones_[u];
  return out;
}

std::map<std::string, double> named_prior(SubmissionTask task, const Priors& priors) {
  std::map<std::string, double> out;
  const bool expr = task == SubmissionTask::kExpr || task == SubmissionTask::kMtl;
  const bool au = task == SubmissionTask::kAu || task == SubmissionTask::kMtl;
  if (expr && priors.contains(Task::kExpr)) name(priors.at(Task::kExpr), kExpressionNames, out);
  if (au && priors.contains(Task::kAu)) name(priors.at(Task::kAu), kActionUnitNames, out);
  return out;
}

}  // namespace mien
