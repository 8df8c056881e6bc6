// Probes of scoring and evaluation; probe_evaluation.cpp has more.
#include <limits>

#include "mien/evaluation/evaluate.h"
#include "mien/scoring/bootstrap.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"
#include "mien/scoring/scores.h"
#include "probe_cases.h"

namespace mien::probe {
namespace {

/// truth, prediction I32 -> scores [macro F1, accuracy, F1 a class], kappa.
void confusion(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    Confusion counts(options.at("classes").get<std::size_t>());
    const auto truth = one.integers("truth"), prediction = one.integers("prediction");
    for (std::size_t i = 0; i < truth.size(); ++i) {
      counts.add(static_cast<std::size_t>(truth[i]), static_cast<std::size_t>(prediction[i]));
    }
    std::vector<double> values = {counts.macro_f1(), counts.accuracy()};
    for (std::size_t c = 0; c < counts.classes(); ++c) values.push_back(counts.f1(c));
    add_doubles(output, one.name("scores"), values);
    add_doubles(output, one.name("kappa"), {counts.kappa()});
  });
}

/// truth, prediction F64, parts I32 (which part each pair is merged from) -> [CCC].
void ccc(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    const auto truth = one.doubles("truth"), prediction = one.doubles("prediction");
    const auto parts = one.integers("parts");
    std::map<std::int32_t, Concordance> moments;
    for (std::size_t i = 0; i < truth.size(); ++i) moments[parts[i]].add(truth[i], prediction[i]);
    Concordance total;
    for (const auto& entry : moments) total.merge(entry.second);
    add_doubles(output, one.name("ccc"), {total.ccc()});
  });
}

/// truth, prediction F32 with <side>_video and <side>_frame -> estimates [1 + parts, 3] (value,
/// low, high; low and high are NaN without draws), counts I32 [frames, videos, missing, filled,
/// ignored], baseline F64 [1] (-1 without one), video_scores F64 and video_order I32 (worst first).
void evaluate(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const Task task = task_of(options);
  EvaluationOptions evaluation;
  evaluation.bootstrap = bootstrap_options(options);
  evaluation.all_frames = options.value("all_frames", false);
  if (options.value("mask_value", false)) evaluation.partly_known = PartlyKnown::kMaskValue;
  for_each_case(input, options, [&](const Case& one) {
    const TaskResult result =
        evaluate_task({task, videos_of(one, "prediction", task)},
                      {task, Split::kValidation, videos_of(one, "truth", task), {}}, evaluation);
    std::vector<double> rows;
    const auto add = [&rows](const Estimate& estimate) {
      const double none = std::numeric_limits<double>::quiet_NaN();
      const Interval interval = estimate.interval.value_or(Interval{none, none});
      rows.insert(rows.end(), {estimate.value, interval.low, interval.high});
    };
    add(result.score);
    for (const PartResult& part : result.parts) add(part.score);
    output.add(one.name("estimates"), DType::kF64, {static_cast<std::int64_t>(rows.size() / 3), 3},
               rows);
    output.add(one.name("counts"), DType::kI64, {5},
               std::vector<std::int64_t>{result.frames, result.videos, result.missing_frames,
                                         result.filled_frames, result.ignored_frames});
    std::vector<double> by_video;
    std::vector<std::int32_t> order;
    for (const VideoScore& video : result.by_video) {
      by_video.push_back(video.score);
      order.push_back(std::stoi(video.video.substr(5)) - 1000);
    }
    add_doubles(output, one.name("video_scores"), by_video);
    output.add(one.name("video_order"), DType::kI32, {std::ssize(order)}, order);
    add_doubles(output, one.name("baseline"), {result.baseline ? result.baseline->f1 : -1.0});
  });
}

/// options.videos, draws, seed -> multiplicities I32 [draws, videos].
void multiplicities(const SafetensorsFile&, const nlohmann::json& options, Output& output) {
  const auto videos = options.at("videos").get<std::size_t>();
  std::vector<std::int32_t> flat;
  const auto draws = bootstrap_multiplicities(videos, bootstrap_options(options));
  for (const auto& draw : draws) flat.insert(flat.end(), draw.begin(), draw.end());
  output.add("multiplicities", DType::kI32,
             {static_cast<std::int64_t>(draws.size()), static_cast<std::int64_t>(videos)}, flat);
}

/// draws F64, estimate F64 [1] -> interval F64 [2].
void interval(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    const auto found = bias_corrected_interval(one.doubles("estimate").at(0), one.doubles("draws"));
    add_doubles(output, one.name("interval"), {found.value().low, found.value().high});
  });
}

/// known I32 [n], values F32 [n * options.columns], frames I32 [m] -> values F32 [m * columns].
void interpolation(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const auto columns = options.at("columns").get<std::size_t>();
  for_each_case(input, options, [&](const Case& one) {
    const VideoScores scores{"v", one.integers("known"), one.floats("values")};
    const auto out = interpolate(scores, columns, one.integers("frames"));
    output.add(one.name("values"), DType::kF32, {static_cast<std::int64_t>(out.size())}, out);
  });
}

/// logits F32 [n * columns] -> probabilities F32, decisions F64.
void probabilities(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const Task task = task_of(options);
  for_each_case(input, options, [&](const Case& one) {
    const TaskScores scores = probabilities_of({task, {{"v", {}, one.floats("logits")}}});
    const auto& values = scores.videos[0].values;
    const auto decisions = decide(task, values);
    output.add(one.name("probabilities"), DType::kF32, {static_cast<std::int64_t>(values.size())},
               values);
    add_doubles(output, one.name("decisions"), decisions);
  });
}

}  // namespace

std::map<std::string, Function> scoring_probes() {
  return {{"scoring.confusion", confusion},        {"scoring.ccc", ccc},
          {"scoring.evaluate", evaluate},          {"scoring.multiplicities", multiplicities},
          {"scoring.interval", interval},          {"scoring.interpolation", interpolation},
          {"scoring.probabilities", probabilities}};
}

}  // namespace mien::probe
