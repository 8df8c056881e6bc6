// Probes of smoothing, the searches and cross-fitting; cases as in probe_scoring.cpp.
#include "cases.h"
#include "mien/scoring/decisions.h"
#include "mien/tuning/search.h"
#include "mien/tuning/tune.h"
#include "probe.h"

namespace mien::probe {
namespace {

using nlohmann::json;

Smoothing smoothing_of(const json& value) {
  return {smoothing_from_name(value.at("kind").get<std::string>(), "kind"),
          value.at("half_window").get<std::int32_t>()};
}

/// known I32 [n], values F32 [n * options.columns], frames I32 [m], options.smoothing[case] ->
/// values F32 [m * columns].
void smoothing(const SafetensorsFile& input, const json& options, Output& output) {
  const auto columns = options.at("columns").get<std::size_t>();
  std::size_t at = 0;
  for_each_case(input, options, [&](const Case& one) {
    const VideoScores scores{"v", one.integers("known"), one.floats("values")};
    const auto out = smoothed(scores, columns, smoothing_of(options.at("smoothing").at(at++)),
                              one.integers("frames"));
    output.add(one.name("values"), DType::kF32, {static_cast<std::int64_t>(out.size())}, out);
  });
}

std::vector<std::uint8_t> bytes_of(const Case& one, const std::string& name) {
  const auto values = one.integers(name);
  return {values.begin(), values.end()};
}

/// scores F32, truth I32 -> threshold F64 [value, f1].
void threshold(const SafetensorsFile& input, const json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    const Threshold best = best_threshold(one.floats("scores"), bytes_of(one, "truth"),
                                          {.min_gain = options.value("min_gain", 0.0)});
    add_doubles(output, one.name("threshold"), {best.value, best.f1});
  });
}

/// log_p F64 [n * 8], truth I32 [n], bias F64 [8] -> best F64 [8 * 2] (value, f1 of each class
/// alone), fitted F64 [8].
void biases(const SafetensorsFile& input, const json& options, Output& output) {
  const SearchOptions search{.min_gain = options.value("min_gain", 0.0)};
  for_each_case(input, options, [&](const Case& one) {
    const auto log_p = one.doubles("log_p"), bias = one.doubles("bias");
    const auto truth = bytes_of(one, "truth");
    std::vector<double> best;
    for (std::size_t c = 0; c < kExpressions; ++c) {
      const ClassBias found = best_class_bias(log_p, truth, bias, c, search);
      best.insert(best.end(), {found.value, found.f1});
    }
    add_doubles(output, one.name("best"), best);
    add_doubles(output, one.name("fitted"), fit_class_biases(log_p, truth, bias, search));
  });
}

/// run<r> F32 [n * columns], truth F64, levels F64 -> weights F64 [options.runs].
void blend_weights(const SafetensorsFile& input, const json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    BlendRows rows{task_of(options), {}, one.doubles("truth"), one.doubles("levels")};
    for (std::int64_t r = 0; r < options.at("runs").get<std::int64_t>(); ++r) {
      rows.runs.push_back(one.floats("run" + std::to_string(r)));
    }
    add_doubles(output, one.name("weights"), fit_blend(rows, {.min_gain = 0}));
  });
}

std::vector<VideoScores> scores_of(const Case& one, const std::string& name, Task task) {
  const auto video = one.integers("video"), frame = one.integers("frame");
  const auto values = one.floats(name);
  const std::size_t columns = score_columns(task);
  std::vector<VideoScores> videos;
  for (std::size_t i = 0; i < video.size(); ++i) {
    const std::string title = "video" + std::to_string(1000 + video[i]);
    if (videos.empty() || videos.back().video != title) videos.push_back({title, {}, {}});
    videos.back().frames.push_back(frame[i]);
    const auto row = std::span(values).subspan(i * columns, columns);
    videos.back().values.insert(videos.back().values.end(), row.begin(), row.end());
  }
  return videos;
}

LabelSet labels_of(const Case& one, Task task) {
  const auto video = one.integers("truth_video"), frame = one.integers("truth_frame");
  return {task, Split::kValidation, rows_by_video(video, frame, one.doubles("truth"), task), {}};
}

std::vector<double> numbers_of(const TunedScores& scores) {
  return {scores.in_sample.value, scores.out_of_fold.value, scores.gain.value};
}

/// run<r> F32 with video, frame I32; truth F64 with truth_video, truth_frame -> raw F64 [1], kept
/// F64 [3] (in sample, out of fold, gain), ingredients.<name> F64 [4] (the same, 1 when kept),
/// bias, thresholds, weights F64, smoothing I32 [kind, half_window].
void tune(const SafetensorsFile& input, const json& options, Output& output) {
  const Task task = task_of(options);
  TuneOptions tuning;
  tuning.folds = options.value("folds", tuning.folds);
  tuning.seed = options.value("seed", tuning.seed);
  tuning.threads = options.value("threads", tuning.threads);
  tuning.bootstrap.draws = options.value("draws", std::int64_t{0});
  if (options.contains("ingredients")) {
    tuning.ingredients.clear();
    for (const std::string& name : options.at("ingredients").get<std::vector<std::string>>()) {
      tuning.ingredients.push_back(ingredient_from_name(name, "ingredients"));
    }
  }
  for_each_case(input, options, [&](const Case& one) {
    std::vector<TaskScores> runs;
    for (std::int64_t r = 0; r < options.value("runs", std::int64_t{1}); ++r) {
      runs.push_back({task, scores_of(one, "run" + std::to_string(r), task)});
    }
    const TaskTuning result = tune_task(runs, labels_of(one, task), tuning);
    add_doubles(output, one.name("raw"), {result.raw.value});
    add_doubles(output, one.name("kept"), numbers_of(result.scores));
    for (const IngredientResult& row : result.ingredients) {
      std::vector<double> numbers = numbers_of(row.scores);
      numbers.push_back(row.kept ? 1 : 0);
      add_doubles(output, one.name("ingredients." + row.name), numbers);
    }
    add_doubles(output, one.name("bias"), result.rule.bias);
    add_doubles(output, one.name("thresholds"), result.rule.thresholds);
    add_doubles(output, one.name("weights"), result.rule.weights);
    const auto kind = static_cast<std::int32_t>(result.rule.smoothing.kind);
    output.add(one.name("smoothing"), DType::kI32, {2},
               std::vector<std::int32_t>{kind, result.rule.smoothing.half_window});
  });
}

/// truth F64 with truth_video, truth_frame; options.names, folds, seed -> folds I64 [videos].
void folds(const SafetensorsFile& input, const json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    LabelSet labels = labels_of(one, task_of(options));
    const auto names = options.value("names", std::vector<std::string>());
    for (std::size_t v = 0; v < names.size(); ++v) labels.videos.at(v).video = names[v];
    const auto fold_of = stratified_folds(labels, options.at("folds"), options.at("seed"));
    output.add(one.name("folds"), DType::kI64, {static_cast<std::int64_t>(fold_of.size())},
               fold_of);
  });
}

}  // namespace

std::map<std::string, Function> tuning_probes() {
  return {{"scoring.smoothing", smoothing}, {"scoring.threshold", threshold},
          {"scoring.biases", biases},       {"scoring.blend_weights", blend_weights},
          {"scoring.tune", tune},           {"scoring.folds", folds}};
}

}  // namespace mien::probe
