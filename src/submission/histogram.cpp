#include "histogram.h"

#include <algorithm>

namespace mien {

Histogram::Histogram(SubmissionTask task, std::size_t videos) : videos_(videos) {
  if (task == SubmissionTask::kCe) {
    parts_.push_back({.is_class = true, .names = {kCompoundNames.begin(), kCompoundNames.end()}});
  }
  for (const SubmissionPart& part : parts_of(task)) {
    if (part.task.is_continuous()) continue;
    parts_.push_back({.is_class = part.task.is_classes(),
                      .first = part.first,
                      .count = part.count,
                      .names = part.task.outputs()});
  }
  for (Part& part : parts_) part.rows.resize(part.names.size());
}

void Histogram::add(std::size_t video, std::span<const double> values) {
  if (parts_.empty()) return;
  for (Part& part : parts_) {
    const auto labels = values.subspan(part.first, part.count);
    if (part.is_class) {
      ++part.rows[static_cast<std::size_t>(labels[0])];
      continue;
    }
    for (std::size_t i = 0; i < labels.size(); ++i) part.rows[i] += labels[i] > 0;
  }
  VideoTally& tally = videos_[video];
  const auto compared = values.subspan(parts_.front().first, parts_.front().count);
  if (tally.rows++ == 0) tally.first.assign(compared.begin(), compared.end());
  tally.constant = tally.constant && std::ranges::equal(compared, tally.first);
}

std::map<std::string, std::int64_t> Histogram::named() const {
  std::map<std::string, std::int64_t> out;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.names.size(); ++i) out[part.names[i]] = part.rows[i];
  }
  return out;
}

std::map<std::string, double> named_prior(SubmissionTask task, const Priors& priors) {
  std::map<std::string, double> out;
  for (const SubmissionPart& part : parts_of(task)) {
    const auto prior = priors.find(part.task);
    if (part.task.is_continuous() || prior == priors.end()) continue;
    const std::vector<std::string>& names = part.task.outputs();
    if (prior->second.size() != names.size()) continue;
    for (std::size_t i = 0; i < names.size(); ++i) {
      out[names[i]] = static_cast<double>(prior->second[i]);
    }
  }
  return out;
}

}  // namespace mien
