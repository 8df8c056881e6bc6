#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/text.h"
#include "parts.h"

namespace mien {
namespace {

using nlohmann::json;

json videos_json(const std::vector<VideoScore>& videos) {
  json list = json::array();
  for (const VideoScore& video : videos) {
    list.push_back({{"video", video.video}, {"score", video.score}, {"frames", video.frames}});
  }
  return list;
}

/// Loss and calibration ask what the network says, whatever is decided by it.
constexpr const char* kScoresMeant = "before decisions";

double mean_score(const std::vector<VideoScore>& videos) {
  double sum = 0;
  for (const VideoScore& video : videos) sum += video.score;
  return videos.empty() ? 0 : sum / static_cast<double>(videos.size());
}

json loss_json(const LossTail& loss) {
  json tails = json::object();
  for (std::size_t i = 0; i < kTailLevels.size(); ++i) {
    tails[shortest(kTailLevels[i])] = loss.means[i];
  }
  return {{"scores", kScoresMeant},
          {"kind", loss.kind},
          {"terms", loss.terms},
          {"mean", loss.means[0]},
          {"cvar", tails}};
}

json reliability_json(const Reliability& reliability) {
  json bins = json::array();
  for (std::size_t i = 0; i < kReliabilityBins; ++i) {
    const ReliabilityBin bin = reliability.bin(i);
    bins.push_back({{"low", static_cast<double>(i) / kReliabilityBins},
                    {"high", static_cast<double>(i + 1) / kReliabilityBins},
                    {"count", bin.count},
                    {"mean_probability", bin.mean_probability},
                    {"share", bin.share}});
  }
  return {{"ece", reliability.ece()}, {"bins", bins}};
}

json calibration_json(const Task& task, const ScoreDiagnostics& diagnostics) {
  if (task.is_classes()) {
    json out = reliability_json(diagnostics.calibration[0].reliability);
    out["scores"] = kScoresMeant;
    return out;
  }
  json parts = json::object();
  for (const CalibratedPart& part : diagnostics.calibration) {
    parts[part.name] = reliability_json(part.reliability);
  }
  return {{"scores", kScoresMeant}, {"ece", diagnostics.ece()}, {outputs_key(task), parts}};
}

json agreement_json(const Agreement& agreement, bool continuous) {
  const char* equal = continuous ? "within_0.1" : "equal";
  const char* beyond = continuous ? "ccc" : "kappa";
  json parts = json::object();
  for (const AgreementPart& part : agreement.parts) {
    parts[part.name] = {{equal, part.equal}, {beyond, part.beyond}};
  }
  return {{"with", agreement.with},
          {"frames", agreement.frames},
          {"videos", agreement.videos},
          {"only_run", agreement.only_first},
          {"only_predictions", agreement.only_second},
          {equal, agreement.equal},
          {beyond, agreement.beyond},
          {"parts", parts}};
}

std::string worst_videos_text(const TaskResult& result) {
  const std::vector<VideoScore> worst = result.worst_decile();
  std::vector<std::string> videos;
  for (const VideoScore& video : worst) {
    videos.push_back(concat(video.video, " ", fixed(video.score, 3)));
  }
  return concat("  worst tenth of the videos by their own ", video_measure(result.task), ": ",
                join(videos), " (mean of ", worst.size(), ": ", fixed(mean_score(worst), 3),
                ", of all: ", fixed(mean_score(result.by_video), 3), ")\n");
}

std::string loss_text(const LossTail& loss) {
  std::string kind = loss.kind;
  std::ranges::replace(kind, '_', ' ');
  std::string text = concat("  ", kind, ": mean ", fixed(loss.means[0], 4), "; CVaR");
  for (std::size_t i = 1; i < kTailLevels.size(); ++i) {
    text += concat(i == 1 ? " " : ", ", fixed(loss.means[i], 4), " at ", shortest(kTailLevels[i]));
  }
  return concat(text, "; of the run's own scores, ", kScoresMeant, "\n");
}

std::string calibration_text(const ScoreDiagnostics& diagnostics) {
  if (diagnostics.calibration.empty()) return {};
  std::string text = concat("  calibration: ECE ", fixed(diagnostics.ece(), 4));
  if (diagnostics.calibration.size() == 1) {
    return concat(text, " of the top class's probability, ", kScoresMeant, "\n");
  }
  const auto worst =
      std::ranges::max_element(diagnostics.calibration, {},
                               [](const CalibratedPart& part) { return part.reliability.ece(); });
  return text + concat(", mean of the outputs; the largest ", fixed(worst->reliability.ece(), 4),
                       " (", worst->name, "), ", kScoresMeant, "\n");
}

std::string agreement_text(const Agreement& agreement, bool continuous) {
  std::string text =
      concat("  agreement with ", agreement.with, ": ", fixed(100 * agreement.equal, 1), " % ",
             continuous ? "within .1, CCC " : "equal, kappa ", fixed(agreement.beyond, 4), " over ",
             with_thousands(agreement.frames), " frames of ", agreement.videos, " videos");
  if (agreement.only_first + agreement.only_second > 0) {
    text += concat(" (", with_thousands(agreement.only_first), " frames only here, ",
                   with_thousands(agreement.only_second), " only there)");
  }
  return text + "\n";
}

}  // namespace

void add_diagnostics(const TaskResult& result, json& task) {
  const std::vector<VideoScore> worst = result.worst_decile();
  std::vector<std::string> names;
  for (const VideoScore& video : worst) names.push_back(video.video);
  task["per_video"] = videos_json(result.by_video);
  task["worst_decile"] = {
      {"by", video_measure(result.task)}, {"videos", names}, {"mean", mean_score(worst)}};
  if (result.diagnostics) {
    task["loss"] = loss_json(result.diagnostics->loss);
    if (!result.task.is_continuous())
      task["calibration"] = calibration_json(result.task, *result.diagnostics);
  }
  if (result.agreement) {
    task["agreement"] = agreement_json(*result.agreement, result.task.is_continuous());
  }
}

std::string diagnostics_text(const TaskResult& result) {
  std::string text = worst_videos_text(result);
  if (result.diagnostics) {
    text += loss_text(result.diagnostics->loss) + calibration_text(*result.diagnostics);
  }
  if (result.agreement) text += agreement_text(*result.agreement, result.task.is_continuous());
  return text;
}

}  // namespace mien
