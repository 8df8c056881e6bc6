#include "mien/submission/predict.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "frame_list.h"
#include "mien/core/interrupt.h"
#include "mien/core/progress.h"
#include "mien/scoring/video_scorer.h"

namespace mien {
namespace {

/// One task's values at frames of a video.
struct TaskValues {
  Task task;
  /// Of images that are no film those with scores, a row each. Else none: the rows are of all
  /// frames, or of a video without scores one for all.
  std::vector<std::int32_t> images;
  std::vector<float> probabilities;  ///< [n, score_columns]
  std::vector<double> decisions;     ///< [n, label_columns]
  bool has_scores = false;

  /// At the index among all frames.
  TaskAnswer at_frame(std::size_t index) const { return row(has_scores ? index : 0); }

  TaskAnswer of_image(std::int32_t number) const {
    const auto found = std::ranges::lower_bound(images, number);
    if (found == images.end() || *found != number) return {task, {}, {}};
    return row(static_cast<std::size_t>(found - images.begin()));
  }

 private:
  TaskAnswer row(std::size_t index) const {
    const std::size_t scores = score_columns(task), labels = label_columns(task);
    return {task, std::span(probabilities).subspan(index * scores, scores),
            std::span(decisions).subspan(index * labels, labels)};
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
    const std::vector<TaskValues> values = values_of(video, list, scored);
    const bool of_prior = list.film && !std::ranges::all_of(values, &TaskValues::has_scores);
    if (of_prior) summary.videos_without_embeddings.push_back(video);
    PredictionRow row{
        .video = video, .frame = 0, .has_face = false, .answers = {}, .seconds = {}, .reason = {}};
    for (std::size_t i = 0; i < list.frames.size(); ++i) {
      row.frame = list.frames[i];
      row.has_face = std::ranges::binary_search(scored, row.frame);
      row.answers.clear();
      for (const TaskValues& task : values) {
        row.answers.push_back(list.film ? task.at_frame(i) : task.of_image(row.frame));
      }
      std::string reason = row.has_face ? std::string() : list.reason(row.frame);
      if (of_prior) reason += "; training prior";
      row.reason = reason;
      if (!list.film) row.image = list.names.at(row.frame);
      writer.write(row);
      ++summary.rows;
      summary.frames_without_face += !row.has_face;
      summary.interpolated_rows += list.film && !of_prior && !row.has_face;
    }
  }

 private:
  /// `scored`: the frames that have scores of every task.
  std::vector<TaskValues> values_of(const std::string& video, const FrameList& list,
                                    std::vector<std::int32_t>& scored) const {
    const LogitsByTask probabilities = scorer_.probabilities(video);
    std::vector<TaskValues> out;
    for (const auto& [task, scores] : probabilities) {
      const VideoScores* of_video = usable_scores(scores, video);
      const auto have = of_video != nullptr ? of_video->frames : std::vector<std::int32_t>();
      std::vector<std::int32_t> both;
      std::ranges::set_intersection(out.empty() ? have : scored, have, std::back_inserter(both));
      scored = std::move(both);
      out.push_back(list.film ? film_values(task, of_video, video, list.frames)
                              : image_values(task, of_video));
    }
    return out;
  }

  TaskValues film_values(const Task& task, const VideoScores* scores, const std::string& video,
                         const std::vector<std::int32_t>& frames) const {
    const DecisionRule rule = run_.rule(task);
    TaskValues values{.task = task,
                      .images = {},
                      .probabilities = {},
                      .decisions = {},
                      .has_scores = scores != nullptr};
    values.probabilities = scores != nullptr
                               ? smoothed(*scores, score_columns(task), rule.smoothing, frames)
                               : prior_for(task, priors_, video);
    values.decisions =
        decide(task, values.probabilities, scores != nullptr ? rule : DecisionRule());
    return values;
  }

  TaskValues image_values(const Task& task, const VideoScores* scores) const {
    if (scores == nullptr)
      return {.task = task, .images = {}, .probabilities = {}, .decisions = {}};
    return {.task = task,
            .images = scores->frames,
            .probabilities = scores->values,
            .decisions = decide(task, scores->values, run_.rule(task)),
            .has_scores = true};
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

bool any_images(const DecidedRun& run, const std::vector<std::string>& videos) {
  const std::vector<Bank> banks = run.banks();
  return std::ranges::any_of(videos, [&banks](const std::string& video) {
    return std::ranges::any_of(banks, [&video](const Bank& bank) {
      return bank.has(video) && !bank.open(video).is_film();
    });
  });
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
