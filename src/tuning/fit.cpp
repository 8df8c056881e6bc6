#include "fit.h"

#include <algorithm>
#include <map>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "workers.h"

namespace mien {
namespace {

constexpr double kMinGain = 1e-4;
constexpr int kRounds = 3;

/// The labelled rows among `known` frames, one part per group of the video's rows: images of
/// several people may lie in one folder.
std::map<std::string, VideoLabels> scored_parts(const LabelSet& labels, const VideoLabels& video,
                                                const std::vector<std::int32_t>& known) {
  std::map<std::string, VideoLabels> parts;
  VideoLabels* whole = nullptr;  // without groups all rows are one part
  std::size_t at = 0;
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    while (at < known.size() && known[at] < video.frames[i]) ++at;
    const auto row = labels.row(video, i);
    if (at == known.size() || known[at] != video.frames[i] ||
        !is_scored_row(row, labels.partly_known)) {
      continue;
    }
    if (whole == nullptr || !video.groups.empty()) {
      whole = &parts[labels.group_of(video, i)];
    }
    whole->video = video.video;
    whole->frames.push_back(video.frames[i]);
    if (!video.groups.empty()) whole->groups.push_back(video.groups[i]);
    whole->values.insert(whole->values.end(), row.begin(), row.end());
  }
  return parts;
}

/// Fits whose scores come from one source share the smoothing of it.
struct Group {
  const TaskScores* source;
  std::vector<std::size_t> fits;
};

}  // namespace

TuneData tune_data(std::vector<TaskScores> runs, const LabelSet& labels) {
  TuneData data{.labels = {.task = labels.task, .split = labels.split}, .runs = std::move(runs)};
  data.labels.partly_known = labels.partly_known;
  data.labels.groups = labels.groups;
  TaskCounts counts(labels.task);
  for (const VideoLabels& video : labels.videos) {
    const VideoScores* scores =
        nullptr;  // of the first run that has the video, as blend() takes it
    for (std::size_t r = 0; r < data.runs.size() && scores == nullptr; ++r) {
      scores = usable_scores(data.runs[r], video.video);
    }
    if (scores == nullptr) continue;
    for (auto& [group, part] : scored_parts(labels, video, scores->frames)) {
      counts.add(part.values, part.values);
      data.units.push_back(video.groups.empty() ? video.video : group);
      data.labels.videos.push_back(std::move(part));
    }
  }
  if (data.labels.videos.empty()) {
    throw InputError(
        task_name(labels.task) + " labels of the " + split_name(labels.split) + " split",
        concat(labels.videos.size(), " videos"),
        "expected a frame with a valid label and an embedding");
  }
  data.in_mean = counts.in_mean(labels.partly_known);
  return data;
}

const TaskScores& Fitter::source_of(const DecisionRule& rule) {
  if (rule.weights.empty() || data_.runs.size() == 1) return data_.runs.front();
  auto found = blends_.find(rule.weights);
  if (found == blends_.end()) {
    found = blends_.emplace(rule.weights, blend(data_.runs, rule.weights)).first;
  }
  return found->second;
}

std::vector<float> Fitter::values(const TaskScores& source, std::size_t video,
                                  const Smoothing& smoothing) const {
  const VideoLabels& labels = data_.labels.videos[video];
  const VideoScores* scores = usable_scores(source, labels.video);
  if (scores == nullptr) return {};
  return smoothed(*scores, score_columns(source.task), smoothing, labels.frames);
}

TaskCounts Fitter::counts(std::size_t video, const DecisionRule& rule) {
  TaskCounts counts(data_.labels.task);
  const std::vector<float> scores = values(source_of(rule), video, rule.smoothing);
  if (!scores.empty()) {
    counts.add(data_.labels.videos[video].values, decide(data_.labels.task, scores, rule));
  }
  return counts;
}

void Fitter::fit(const std::vector<Ingredient>& ingredients, std::vector<Fit>& fits) {
  const auto asked = [&](Ingredient one) {
    return std::ranges::find(ingredients, one) != ingredients.end();
  };
  const bool blending = asked(Ingredient::kBlend), smoothing = asked(Ingredient::kSmoothing),
             levels = asked(Ingredient::kLevels);
  for (int round = 0; round < kRounds; ++round) {
    bool changed = blending && fit_blends(fits);
    changed = (smoothing && choose_smoothing(fits)) || changed;
    if (round > 0 && !changed) break;
    if (levels) fit_levels(fits);
    if (ingredients.size() < 2) break;
  }
}

BlendRows Fitter::blend_rows(const Fit& fit) const {
  const std::size_t runs = data_.runs.size();
  BlendRows rows{.task = data_.labels.task, .runs = std::vector<std::vector<float>>(runs)};
  rows.in_mean = data_.in_mean;
  rows.start = fit.rule.weights;
  rows.levels = data_.labels.task.is_classes() ? fit.rule.bias : fit.rule.thresholds;
  for (std::size_t v = 0; v < data_.labels.videos.size(); ++v) {
    if (!fit.training[v]) continue;
    std::vector<std::vector<float>> parts;
    for (const TaskScores& run : data_.runs) parts.push_back(values(run, v, fit.rule.smoothing));
    if (std::ranges::any_of(parts, &std::vector<float>::empty)) continue;
    for (std::size_t r = 0; r < runs; ++r) {
      rows.runs[r].insert(rows.runs[r].end(), parts[r].begin(), parts[r].end());
    }
    const auto& truth = data_.labels.videos[v].values;
    rows.truth.insert(rows.truth.end(), truth.begin(), truth.end());
  }
  return rows;
}

bool Fitter::fit_blends(std::vector<Fit>& fits) const {
  std::vector<std::vector<double>> before;
  for (const Fit& fit : fits) before.push_back(fit.rule.weights);
  for_each_piece(fits.size(), threads_, [&](std::size_t f) {
    fits[f].rule.weights = fit_blend(blend_rows(fits[f]), {.min_gain = kMinGain});
  });
  return !std::ranges::equal(fits, before, {}, [](const Fit& fit) { return fit.rule.weights; });
}

bool Fitter::choose_smoothing(std::vector<Fit>& fits) {
  std::vector<Group> groups;
  for (std::size_t f = 0; f < fits.size(); ++f) {
    const TaskScores* source = &source_of(fits[f].rule);
    auto group = std::ranges::find(groups, source, &Group::source);
    if (group == groups.end()) group = groups.insert(groups.end(), {source, {}});
    group->fits.push_back(f);
  }
  const std::vector<Smoothing> candidates = smoothing_candidates();
  std::vector<std::vector<double>> scores(fits.size(), std::vector<double>(candidates.size()));
  for_each_piece(groups.size() * candidates.size(), threads_, [&](std::size_t piece) {
    const Group& group = groups[piece / candidates.size()];
    const std::size_t candidate = piece % candidates.size();
    const Task& task = data_.labels.task;
    std::vector<TaskCounts> totals(group.fits.size(), TaskCounts(task));
    for (std::size_t v = 0; v < data_.labels.videos.size(); ++v) {
      const std::vector<float> rows = values(*group.source, v, candidates[candidate]);
      if (rows.empty()) continue;
      TaskCounts of_video(task);
      const DecisionRule* decided = nullptr;  // equal rules are decided once
      for (std::size_t i = 0; i < group.fits.size(); ++i) {
        const Fit& fit = fits[group.fits[i]];
        if (!fit.training[v]) continue;
        if (decided == nullptr || decided->bias != fit.rule.bias ||
            decided->thresholds != fit.rule.thresholds) {
          of_video = TaskCounts(task);
          of_video.add(data_.labels.videos[v].values, decide(task, rows, fit.rule));
          decided = &fit.rule;
        }
        totals[i].merge(of_video);
      }
    }
    for (std::size_t i = 0; i < group.fits.size(); ++i) {
      scores[group.fits[i]][candidate] = totals[i].mean(data_.in_mean);
    }
  });
  bool changed = false;
  for (std::size_t f = 0; f < fits.size(); ++f) {
    const double enough = std::ranges::max(scores[f]) - kMinGain;
    const auto first = std::ranges::find_if(scores[f], [&](double s) { return s >= enough; });
    const Smoothing chosen = candidates[static_cast<std::size_t>(first - scores[f].begin())];
    changed = changed || chosen != fits[f].rule.smoothing;
    fits[f].rule.smoothing = chosen;
  }
  return changed;
}

void Fitter::fit_levels(std::vector<Fit>& fits) {
  std::vector<const TaskScores*> sources;
  for (const Fit& fit : fits) sources.push_back(&source_of(fit.rule));
  for_each_piece(fits.size(), threads_, [&](std::size_t f) { fit_levels(*sources[f], fits[f]); });
}

void Fitter::fit_levels(const TaskScores& source, Fit& fit) const {
  const SearchOptions options{.min_gain = kMinGain};
  std::vector<float> scores;
  std::vector<double> truth;
  for (std::size_t v = 0; v < data_.labels.videos.size(); ++v) {
    if (!fit.training[v]) continue;
    const std::vector<float> rows = values(source, v, fit.rule.smoothing);
    if (rows.empty()) continue;
    scores.insert(scores.end(), rows.begin(), rows.end());
    const auto& labels = data_.labels.videos[v].values;
    truth.insert(truth.end(), labels.begin(), labels.end());
  }
  if (data_.labels.task.is_classes()) {
    std::vector<double> log_p(scores.size());
    std::ranges::transform(scores, log_p.begin(), log_probability);
    const std::vector<std::uint8_t> classes(truth.begin(), truth.end());
    std::vector<double> start = fit.rule.bias;
    start.resize(score_columns(data_.labels.task));
    fit.rule.bias = fit_class_biases(log_p, classes, std::move(start), options);
    return;
  }
  const std::size_t outputs = score_columns(data_.labels.task), rows = truth.size() / outputs;
  fit.rule.thresholds.assign(outputs, 0.5);
  for (std::size_t u = 0; u < outputs; ++u) {
    std::vector<float> of_output;
    std::vector<std::uint8_t> positive;
    for (std::size_t i = 0; i < rows; ++i) {
      if (!is_known(truth[i * outputs + u])) continue;
      of_output.push_back(scores[i * outputs + u]);
      positive.push_back(truth[i * outputs + u] > 0);
    }
    if (of_output.empty()) continue;
    fit.rule.thresholds[u] = best_threshold(of_output, positive, options).value;
  }
}

}  // namespace mien
