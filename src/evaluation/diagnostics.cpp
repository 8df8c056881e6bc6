#include "mien/evaluation/diagnostics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "alignment.h"
#include "mien/objective/tail_mean.h"

namespace mien {
namespace {

using Row = std::span<const float>;

/// Loss terms and calibration, a labelled row at a time.
class Collector {
 public:
  explicit Collector(Task task) : task_(task) {
    if (task == Task::kExpr) found_.calibration.push_back({"top_class", {}});
    if (task != Task::kAu) return;
    for (const char* name : kActionUnitNames) found_.calibration.push_back({name, {}});
  }

  void add(std::span<const double> truth, Row logits, Row probabilities) {
    if (task_ == Task::kExpr) {
      add_expression(static_cast<std::size_t>(truth[0]), logits, probabilities);
    } else if (task_ == Task::kAu) {
      add_units(truth, logits, probabilities);
    } else {
      double sum = 0;
      for (std::size_t d = 0; d < truth.size(); ++d) sum += square(probabilities[d] - truth[d]);
      terms_.push_back(sum / static_cast<double>(truth.size()));
    }
  }

  ScoreDiagnostics take() {
    found_.loss.kind = task_ == Task::kExpr ? "cross_entropy"
                       : task_ == Task::kAu ? "binary_cross_entropy"
                                            : "squared_error";
    found_.loss.terms = std::ssize(terms_);
    std::ranges::copy(upper_tail_means(std::move(terms_), kTailLevels), found_.loss.means.begin());
    return std::move(found_);
  }

 private:
  static double square(double x) { return x * x; }

  void add_expression(std::size_t truth, Row logits, Row probabilities) {
    const double largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit - largest);
    terms_.push_back(std::log(sum) + largest - logits[truth]);
    const auto top = std::ranges::max_element(probabilities);
    const auto answer = static_cast<std::size_t>(top - probabilities.begin());
    found_.calibration[0].reliability.add(*top, answer == truth);
  }

  void add_units(std::span<const double> truth, Row logits, Row probabilities) {
    for (std::size_t unit = 0; unit < truth.size(); ++unit) {
      if (!is_valid_value(task_, truth[unit])) continue;
      const double z = logits[unit];
      terms_.push_back(std::max(z, 0.0) - z * truth[unit] + std::log1p(std::exp(-std::abs(z))));
      found_.calibration[unit].reliability.add(probabilities[unit], truth[unit] > 0);
    }
  }

  Task task_;
  std::vector<double> terms_;
  ScoreDiagnostics found_;
};

void require_same_frames(const TaskScores& logits, const TaskScores& probabilities) {
  const auto same = [](const VideoScores& a, const VideoScores& b) {
    return a.video == b.video && a.frames == b.frames;
  };
  if (!std::ranges::equal(logits.videos, probabilities.videos, same)) {
    throw std::logic_error("diagnose: logits and probabilities of other frames");
  }
}

}  // namespace

double ScoreDiagnostics::ece() const {
  double sum = 0;
  for (const CalibratedPart& part : calibration) sum += part.reliability.ece();
  return calibration.empty() ? 0 : sum / static_cast<double>(calibration.size());
}

ScoreDiagnostics diagnose(const TaskScores& logits, const TaskScores& probabilities,
                          const LabelSet& labels, AuPolicy policy) {
  require_same_frames(logits, probabilities);
  const std::size_t columns = score_columns(labels.task);
  Collector collector(labels.task);
  for (std::size_t v = 0; v < logits.videos.size(); ++v) {
    const VideoScores& scores = logits.videos[v];
    const VideoLabels* truth = find_video(labels.videos, scores.video);
    if (truth == nullptr) continue;
    std::size_t at = 0;
    for (std::size_t i = 0; i < scores.frames.size(); ++i) {
      while (at < truth->frames.size() && truth->frames[at] < scores.frames[i]) ++at;
      if (at == truth->frames.size()) break;
      const auto row = labels.row(*truth, at);
      if (truth->frames[at] != scores.frames[i] || !is_scored_row(labels.task, row, policy)) {
        continue;
      }
      collector.add(row, Row(scores.values).subspan(i * columns, columns),
                    Row(probabilities.videos[v].values).subspan(i * columns, columns));
    }
  }
  return collector.take();
}

}  // namespace mien
