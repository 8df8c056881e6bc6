// Probes of what evaluation says beyond the metrics: tails, calibration, comparison, coverage.
#include <array>

#include "mien/evaluation/compare.h"
#include "mien/evaluation/diagnostics.h"
#include "mien/objective/tail_mean.h"
#include "mien/scoring/calibration.h"
#include "mien/scoring/classification.h"
#include "probe_cases.h"

namespace mien::probe {
namespace {

/// losses, levels F64 -> means F64.
void tails(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    add_doubles(output, one.name("means"),
                upper_tail_means(one.doubles("losses"), one.doubles("levels")));
  });
}

std::vector<double> flattened(const Reliability& reliability) {
  std::vector<double> values = {reliability.ece()};
  for (std::size_t i = 0; i < kReliabilityBins; ++i) {
    const ReliabilityBin bin = reliability.bin(i);
    values.insert(values.end(), {static_cast<double>(bin.count), bin.mean_probability, bin.share});
  }
  return values;
}

/// probabilities F64, happened I32 -> reliability F64 [1 + 3 * 15]: ECE, then count, mean, share.
void reliability(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  for_each_case(input, options, [&](const Case& one) {
    const auto probabilities = one.doubles("probabilities");
    const auto happened = one.integers("happened");
    Reliability counts;
    for (std::size_t i = 0; i < happened.size(); ++i) counts.add(probabilities[i], happened[i] > 0);
    add_doubles(output, one.name("reliability"), flattened(counts));
  });
}

/// truth F64 (as in scoring.evaluate), logits F32 of the rows prediction_video, prediction_frame ->
/// loss F64 [terms, means at kTailLevels], reliability F64 [parts * 46].
void diagnose_scores(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const Task task = task_of(options);
  const auto policy =
      options.value("mask_value", false) ? PartlyKnown::kMaskValue : PartlyKnown::kDropRow;
  const std::size_t columns = score_columns(task);
  for_each_case(input, options, [&](const Case& one) {
    TaskScores logits{task, {}};
    const auto video = one.integers("prediction_video"), frame = one.integers("prediction_frame");
    const auto values = one.floats("logits");
    for (std::size_t i = 0; i < video.size(); ++i) {
      const std::string name = video_name(video[i]);
      if (logits.videos.empty() || logits.videos.back().video != name) {
        logits.videos.push_back({name, {}, {}});
      }
      VideoScores& scores = logits.videos.back();
      scores.frames.push_back(frame[i]);
      const auto row = std::span(values).subspan(i * columns, columns);
      scores.values.insert(scores.values.end(), row.begin(), row.end());
    }
    const ScoreDiagnostics found =
        diagnose(logits, probabilities_of(logits),
                 {task, Split::kValidation, videos_of(one, "truth", task), {}}, policy);
    std::vector<double> loss = {static_cast<double>(found.loss.terms)};
    loss.insert(loss.end(), found.loss.means.begin(), found.loss.means.end());
    add_doubles(output, one.name("loss"), loss);
    std::vector<double> parts;
    for (const CalibratedPart& part : found.calibration) {
      const auto of_part = flattened(part.reliability);
      parts.insert(parts.end(), of_part.begin(), of_part.end());
    }
    add_doubles(output, one.name("reliability"), parts);
  });
}

/// truth, prediction, other F64 with <side>_video and <side>_frame -> estimates [1 + parts, 10]
/// (value, low, high of first, second, difference; probability), counts I64 [frames, videos, first
/// only, second only, McNemar first, second], p F64 [1].
void compare(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const Task task = task_of(options);
  EvaluationOptions evaluation;
  evaluation.bootstrap = bootstrap_options(options);
  for_each_case(input, options, [&](const Case& one) {
    const TaskComparison found = compare_decisions(
        {task, videos_of(one, "prediction", task)}, {task, videos_of(one, "other", task)},
        {task, Split::kValidation, videos_of(one, "truth", task), {}}, evaluation);
    std::vector<double> rows;
    const auto add = [&rows](const ComparedScore& score) {
      for (const Estimate& estimate : {score.first, score.second, score.difference}) {
        const Interval interval = estimate.interval.value();
        rows.insert(rows.end(), {estimate.value, interval.low, interval.high});
      }
      rows.push_back(score.probability_better.value());
    };
    add(found.score);
    for (const ComparedScore& part : found.parts) add(part);
    output.add(one.name("estimates"), DType::kF64, {std::ssize(rows) / 10, 10}, rows);
    const McNemar test = found.mcnemar.value_or(McNemar{});
    output.add(
        one.name("counts"), DType::kI64, {6},
        std::vector<std::int64_t>{found.frames, found.videos, found.frames_first_only,
                                  found.frames_second_only, test.first_only, test.second_only});
    add_doubles(output, one.name("p"), {test.p});
  });
}

/// counts I32 [n, 2] of cases that the first, the second alone got right -> p F64 [n].
void mcnemar(const SafetensorsFile& input, const nlohmann::json&, Output& output) {
  const auto counts = input.tensor("counts", DType::kI32, 2).as<std::int32_t>();
  std::vector<double> p;
  for (std::size_t i = 0; i < counts.size(); i += 2) {
    p.push_back(mcnemar_p(counts[i], counts[i + 1]));
  }
  add_doubles(output, "p", p);
}

/// counts I32 [sets, videos, 64]: one confusion matrix a video -> intervals F64 [sets, 2] of the
/// macro F1, draws F64 [sets, draws], values F64 [sets].
void macro_f1_intervals(const SafetensorsFile& input, const nlohmann::json& options,
                        Output& output) {
  const TensorView& tensor = input.tensor("counts", DType::kI32, 3);
  const auto counts = tensor.as<std::int32_t>();
  const auto sets = static_cast<std::size_t>(tensor.shape[0]);
  const auto videos = static_cast<std::size_t>(tensor.shape[1]);
  constexpr std::size_t kCells = kExpressions * kExpressions;
  std::vector<double> intervals, draws, values;
  for (std::size_t set = 0; set < sets; ++set) {
    std::vector<Confusion> of_video(videos, Confusion(kExpressions));
    for (std::size_t v = 0; v < videos; ++v) {
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        Confusion single(kExpressions);
        single.add(cell / kExpressions, cell % kExpressions);
        of_video[v].merge(single, counts[(set * videos + v) * kCells + cell]);
      }
    }
    const auto macro_f1 = [&of_video](auto multiplicities) {
      Confusion total(kExpressions);
      for (std::size_t v = 0; v < of_video.size(); ++v) {
        if (multiplicities[v] > 0) total.merge(of_video[v], multiplicities[v]);
      }
      return std::vector<double>{total.macro_f1()};
    };
    const BootstrapSample sample = bootstrap_sample(videos, macro_f1, bootstrap_options(options));
    const Estimate estimate = sample.estimate(0);
    values.push_back(estimate.value);
    intervals.insert(intervals.end(), {estimate.interval->low, estimate.interval->high});
    draws.insert(draws.end(), sample.draws[0].begin(), sample.draws[0].end());
  }
  const auto rows = static_cast<std::int64_t>(sets);
  output.add("intervals", DType::kF64, {rows, 2}, intervals);
  output.add("draws", DType::kF64, {rows, std::ssize(draws) / rows}, draws);
  output.add("values", DType::kF64, {rows}, values);
}

}  // namespace

std::map<std::string, Function> evaluation_probes() {
  return {{"evaluation.tails", tails},
          {"evaluation.reliability", reliability},
          {"evaluation.diagnose", diagnose_scores},
          {"evaluation.compare", compare},
          {"evaluation.mcnemar", mcnemar},
          {"evaluation.macro_f1_intervals", macro_f1_intervals}};
}

}  // namespace mien::probe
