#include "mien/scoring/decisions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mien/core/text.h"

namespace mien {
namespace {

std::size_t best_class(std::span<const float> row, std::span<const double> bias) {
  std::size_t best = 0;
  double best_score = log_probability(row[0]) + bias[0];
  for (std::size_t c = 1; c < row.size(); ++c) {
    const double score = log_probability(row[c]) + bias[c];
    if (score <= best_score) continue;
    best = c;
    best_score = score;
  }
  return best;
}

std::string numbers_text(const std::vector<double>& values) {
  std::vector<std::string> parts;
  for (const double value : values) parts.push_back(fixed(value, 3));
  return join(parts, " ");
}

bool all_are(const std::vector<double>& values, double constant) {
  return std::ranges::all_of(values, [constant](double value) { return value == constant; });
}

struct Part {
  const VideoScores* scores;
  double weight;
};

/// What each run has of a video, weights summing to 1.
std::vector<Part> parts_of(const std::vector<TaskScores>& runs, std::span<const double> weights,
                           const std::string& video) {
  std::vector<Part> parts;
  double sum = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto found = std::ranges::lower_bound(runs[r].videos, video, {}, &VideoScores::video);
    if (found == runs[r].videos.end() || found->video != video || found->frames.empty()) continue;
    parts.push_back({&*found, weights[r]});
    sum += weights[r];
  }
  for (Part& part : parts) {
    part.weight = sum > 0 ? part.weight / sum : 1.0 / static_cast<double>(parts.size());
  }
  return parts;
}

/// Images that are no film: those that every part has.
VideoScores blended_images(const std::string& video, const std::vector<Part>& parts,
                           std::size_t columns) {
  VideoScores out{.video = video, .film = false};
  for (const std::int32_t frame : parts.front().scores->frames) {
    if (std::ranges::all_of(parts, [frame](const Part& part) {
          return std::ranges::binary_search(part.scores->frames, frame);
        })) {
      out.frames.push_back(frame);
    }
  }
  std::vector<double> sums(out.frames.size() * columns);
  for (const Part& part : parts) {
    const std::vector<float> values = interpolate(*part.scores, columns, out.frames);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part.weight * values[i];
  }
  out.values.assign(sums.begin(), sums.end());
  return out;
}

VideoScores blended(const std::string& video, const std::vector<Part>& parts, std::size_t columns) {
  if (!parts.front().scores->film) return blended_images(video, parts, columns);
  VideoScores out{video, parts.front().scores->frames, {}};
  std::vector<double> sums(out.frames.size() * columns);
  for (const Part& part : parts) {
    if (part.weight == 0) continue;
    const std::vector<float> values = interpolate(*part.scores, columns, out.frames);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part.weight * values[i];
  }
  out.values.assign(sums.begin(), sums.end());
  return out;
}

}  // namespace

std::string shown_ingredient(const Task& task, std::string name) {
  constexpr std::string_view kLevels = "levels";
  const std::size_t at = name.find(kLevels);
  if (at == std::string::npos) return name;
  return name.replace(at, kLevels.size(), task.is_binary() ? "thresholds" : "biases");
}

DecisionRule rule_for(const DecisionRules& rules, const Task& task) {
  const auto found = rules.find(task);
  return found == rules.end() ? DecisionRule() : found->second;
}

std::string text_of(const DecisionRule& rule) {
  std::vector<std::string> parts;
  if (rule.weights.size() > 1) parts.push_back("weights " + numbers_text(rule.weights));
  if (rule.smoothing.half_window > 0) {
    parts.push_back(concat("smoothing ", smoothing_name(rule.smoothing.kind), " of half-window ",
                           rule.smoothing.half_window));
  }
  if (!all_are(rule.bias, 0)) parts.push_back("biases " + numbers_text(rule.bias));
  if (!all_are(rule.thresholds, .5)) {
    parts.push_back("thresholds " + numbers_text(rule.thresholds));
  }
  return parts.empty() ? "untuned" : join(parts, "; ");
}

double log_probability(float probability) {
  constexpr double kSmallest = 1e-30;
  return std::log(std::max(static_cast<double>(probability), kSmallest));
}

std::vector<double> decide(const Task& task, std::span<const float> probabilities,
                           const DecisionRule& rule) {
  const std::size_t columns = score_columns(task);
  if (task.is_classes() && !rule.bias.empty()) {
    std::vector<double> out;
    out.reserve(probabilities.size() / columns);
    for (std::size_t at = 0; at + columns <= probabilities.size(); at += columns) {
      out.push_back(static_cast<double>(best_class(probabilities.subspan(at, columns), rule.bias)));
    }
    return out;
  }
  if (task.is_binary() && !rule.thresholds.empty()) {
    std::vector<double> out(probabilities.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<double>(probabilities[i]) >= rule.thresholds[i % columns] ? 1. : 0.;
    }
    return out;
  }
  return decide(task, probabilities);
}

TaskDecisions decide(const TaskScores& probabilities, const DecisionRule& rule) {
  TaskDecisions decisions{probabilities.task, {}};
  decisions.videos.reserve(probabilities.videos.size());
  for (const VideoScores& video : probabilities.videos) {
    decisions.videos.push_back(
        {video.video, video.frames, decide(probabilities.task, video.values, rule)});
  }
  return decisions;
}

TaskScores blend(const std::vector<TaskScores>& runs, std::span<const double> weights) {
  if (runs.empty() || weights.size() != runs.size()) {
    throw std::logic_error("blend: expected a weight a run");
  }
  if (runs.size() == 1) return runs.front();
  std::set<std::string> names;
  for (const TaskScores& run : runs) {
    for (const VideoScores& video : run.videos) names.insert(video.video);
  }
  TaskScores out{runs.front().task, {}};
  for (const std::string& name : names) {
    const std::vector<Part> parts = parts_of(runs, weights, name);
    if (!parts.empty()) {
      out.videos.push_back(blended(name, parts, score_columns(out.task)));
    }
  }
  return out;
}

}  // namespace mien
