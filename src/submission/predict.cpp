#include "mien/submission/predict.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "answers.h"
#include "frame_list.h"
#include "mien/core/interrupt.h"
#include "mien/core/progress.h"
#include "mien/scoring/video_scorer.h"

namespace mien {
namespace {

/// One task's values at all frames of a video; a video without scores has one row for all.
struct TaskValues {
  Task task;
  std::vector<float> probabilities;  ///< [n, score_columns] or [1, score_columns]
  std::vector<double> decisions;     ///< [n, label_columns] or [1, label_columns]
  bool has_scores = false;

  TaskAnswer at(std::size_t index) const {
    const std::size_t row = has_scores ? index : 0;
    const std::size_t scores = score_columns(task), labels = label_columns(task);
    return {task, std::span(probabilities).subspan(row * scores, scores),
            std::span(decisions).subspan(row * labels, labels)};
  }
};

class Predictor {
 public:
  Predictor(const DecidedRun& run, const std::string& device)
      : run_(run), scorer_(run, device), banks_(run.banks()), priors_(run.priors()) {}

  void predict(const std::string& video, PredictionWriter& writer, PredictSummary& summary) const {
    const FrameList list = frame_list(banks_, video);
    if (list.frames.empty()) return;
    std::vector<std::int32_t> scored;
    const std::vector<TaskValues> values = values_of(video, list.frames, scored);
    const bool has_scores = std::ranges::all_of(values, &TaskValues::has_scores);
    if (!has_scores) summary.videos_without_embeddings.push_back(video);
    PredictionRow row{
        .video = video, .frame = 0, .has_face = false, .answers = {}, .seconds = {}, .reason = {}};
    for (std::size_t i = 0; i < list.frames.size(); ++i) {
      row.frame = list.frames[i];
      row.has_face = std::ranges::binary_search(scored, row.frame);
      row.answers.clear();
      for (const TaskValues& task : values) row.answers.push_back(task.at(i));
      std::string reason = row.has_face ? std::string() : list.reason(row.frame);
      if (!has_scores) reason += "; training prior";
      row.reason = reason;
      writer.write(row);
      ++summary.rows;
      summary.frames_without_face += !row.has_face;
      summary.interpolated_rows += has_scores && !row.has_face;
    }
  }

 private:
  /// `scored`: the frames that have scores of every task.
  std::vector<TaskValues> values_of(const std::string& video,
                                    const std::vector<std::int32_t>& frames,
                                    std::vector<std::int32_t>& scored) const {
    const LogitsByTask probabilities = scorer_.probabilities(video);
    std::vector<TaskValues> out;
    for (const auto& [task, scores] : probabilities) {
      const DecisionRule rule = run_.rule(task);
      const VideoScores* of_video = usable_scores(scores, video);
      TaskValues& values = out.emplace_back(TaskValues{
          .task = task, .probabilities = {}, .decisions = {}, .has_scores = of_video != nullptr});
      values.probabilities = of_video != nullptr
                                 ? smoothed(*of_video, score_columns(task), rule.smoothing, frames)
                                 : prior_for(task, priors_, video);
      values.decisions =
          decide(task, values.probabilities, of_video != nullptr ? rule : DecisionRule());
      const auto have = of_video != nullptr ? of_video->frames : std::vector<std::int32_t>();
      std::vector<std::int32_t> both;
      std::ranges::set_intersection(out.size() == 1 ? have : scored, have,
                                    std::back_inserter(both));
      scored = std::move(both);
    }
    return out;
  }

  const DecidedRun& run_;
  VideoScorer scorer_;
  std::vector<Bank> banks_;
  Priors priors_;
};

}  // namespace

std::vector<std::string> videos_of(const DecidedRun& run) {
  std::set<std::string> names;
  for (const Bank& bank : run.banks()) names.insert(bank.videos().begin(), bank.videos().end());
  return {names.begin(), names.end()};
}

PredictSummary predict(const DecidedRun& run, const std::vector<std::string>& videos,
                       const std::string& device, PredictionWriter& writer) {
  const Predictor predictor(run, device);
  PredictSummary summary;
  Progress progress("predicting", "videos", static_cast<std::int64_t>(videos.size()));
  for (const std::string& video : videos) {
    throw_if_interrupted("predictions are kept only when they are complete");
    predictor.predict(video, writer, summary);
    ++summary.videos;
    progress.advance(1, video);
  }
  return summary;
}

nlohmann::json to_json(const PredictSummary& summary) {
  return {{"rows", summary.rows},
          {"videos", summary.videos},
          {"frames_without_face", summary.frames_without_face},
          {"interpolated_rows", summary.interpolated_rows},
          {"videos_without_embeddings", summary.videos_without_embeddings}};
}

}  // namespace mien
