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
  explicit Collector(const Task& task) : task_(task) {
    if (task.is_classes()) found_.calibration.push_back({"top_class", {}});
    if (!task.is_binary()) return;
    for (const std::string& name : task.outputs()) found_.calibration.push_back({name, {}});
  }

  void add(std::span<const double> truth, Row logits, Row probabilities) {
    if (task_.is_classes()) {
      add_class(static_cast<std::size_t>(truth[0]), logits, probabilities);
    } else if (task_.is_binary()) {
      add_outputs(truth, logits, probabilities);
    } else {
      double sum = 0;
      std::int64_t known = 0;
      for (std::size_t d = 0; d < truth.size(); ++d) {
        if (!is_known(truth[d])) continue;
        sum += square(probabilities[d] - truth[d]);
        ++known;
      }
      terms_.push_back(sum / static_cast<double>(known));
    }
  }

  ScoreDiagnostics take() {
    found_.loss.kind = task_.is_classes()  ? "cross_entropy"
                       : task_.is_binary() ? "binary_cross_entropy"
                                           : "squared_error";
    found_.loss.terms = std::ssize(terms_);
    std::ranges::copy(upper_tail_means(std::move(terms_), kTailLevels), found_.loss.means.begin());
    return std::move(found_);
  }

 private:
  static double square(double x) { return x * x; }

  void add_class(std::size_t truth, Row logits, Row probabilities) {
    const double largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit - largest);
    terms_.push_back(std::log(sum) + largest - logits[truth]);
    const auto top = std::ranges::max_element(probabilities);
    const auto answer = static_cast<std::size_t>(top - probabilities.begin());
    found_.calibration[0].reliability.add(*top, answer == truth);
  }

  void add_outputs(std::span<const double> truth, Row logits, Row probabilities) {
    for (std::size_t unit = 0; unit < truth.size(); ++unit) {
      if (!is_known(truth[unit])) continue;
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
                          const LabelSet& labels, PartlyKnown policy) {
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
      if (truth->frames[at] != scores.frames[i] || !is_scored_row(row, policy)) {
        continue;
      }
      collector.add(row, Row(scores.values).subspan(i * columns, columns),
                    Row(probabilities.videos[v].values).subspan(i * columns, columns));
    }
  }
  return collector.take();
}

}  // namespace mien
