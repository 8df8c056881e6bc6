#include "commands/submit_text.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "mien/core/digest.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// The classes and binary outputs that a row says, in the official order.
std::vector<std::string> answer_names(SubmissionTask task) {
  if (task == SubmissionTask::kCe) return {kCompoundNames.begin(), kCompoundNames.end()};
  std::vector<std::string> names;
  for (const SubmissionPart& part : parts_of(task)) {
    const auto& outputs = part.task.outputs();
    if (!part.task.is_continuous()) names.insert(names.end(), outputs.begin(), outputs.end());
  }
  return names;
}

/// What a video is odd for whose rows all say the same.
std::string constant_text(SubmissionTask task) {
  const auto parts = parts_of(task);
  const bool has_classes =
      parts.empty() ||
      std::ranges::any_of(parts, [](const SubmissionPart& part) { return part.task.is_classes(); });
  return has_classes ? "of one class only" : "with the same answers in every row";
}

std::string histogram_text(const FillSummary& summary) {
  constexpr int kName = 24, kNumber = 14;
  const std::vector<std::string> names = answer_names(summary.task);
  if (names.empty()) return {};
  std::ostringstream text;
  const auto line = [&](const std::string& name, const std::string& rows, const std::string& share,
                        const std::string& prior) {
    text << "  " << std::left << std::setw(kName) << name << std::right << std::setw(kNumber)
         << rows << std::setw(kNumber) << share << std::setw(kNumber) << prior << "\n";
  };
  line("", "rows", "share", "in training");
  for (const std::string& name : names) {
    const std::int64_t rows = summary.histogram.at(name);
    const double share = 100 * static_cast<double>(rows) /
                         static_cast<double>(std::max<std::int64_t>(1, summary.rows));
    const auto prior = summary.prior.find(name);
    line(name, with_thousands(rows), fixed(share, 1) + " %",
         prior == summary.prior.end() ? "" : fixed(100 * prior->second, 1) + " %");
  }
  return std::move(text).str();
}

std::string videos_text(std::size_t count) {
  return concat(count, count == 1 ? " video" : " videos");
}

/// "odd: 3 videos of one class only: a, b, c"
std::string odd_text(const std::vector<std::string>& videos, const std::string& what) {
  constexpr std::size_t kShown = 10;
  if (videos.empty()) return {};
  std::vector<std::string> shown(
      videos.begin(),
      videos.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, videos.size())));
  if (videos.size() > kShown) shown.emplace_back("...");
  return concat("  odd: ", videos_text(videos.size()), " ", what, ": ", join(shown), "\n");
}

/// The runs and what was done to their scores, so that five submissions can be told apart.
std::string origin_text(const Submitted& submitted) {
  constexpr std::size_t kDigits = 12;
  std::string out;
  for (const SubmittedRun& run : submitted.runs) {
    out += concat("  run ", run.path, ", ", run.weights, " weights ",
                  run.weights_sha256.substr(0, kDigits), "\n");
  }
  std::vector<std::string> rules;
  for (const auto& [task, rule] : submitted.rules) {
    rules.push_back(concat(task_name(task), " ", text_of(rule)));
  }
  return out + "  decisions " + (rules.empty() ? "as they are" : join(rules, " | ")) + "\n";
}

std::string odd_texts(const Submitted& submitted) {
  const FillSummary& summary = submitted.summary;
  std::string out = odd_text(summary.videos_without_embeddings,
                             "without embeddings, answered by the training prior");
  for (const SubmittedRun& run : submitted.runs) {
    out +=
        odd_text(run.missing_videos, "not in the banks of " + run.path + ", answered without it");
  }
  return out + odd_text(summary.sparse_videos, "with embeddings of fewer than half of their rows") +
         odd_text(summary.constant_videos, constant_text(summary.task));
}

}  // namespace

std::vector<SubmittedRun> submitted_runs(const DecidedRun& run,
                                         const std::vector<std::string>& videos) {
  const auto has = [](const OpenRun& of_run, const std::string& video) {
    return std::ranges::all_of(of_run.banks, [&](const Bank& bank) { return bank.has(video); });
  };
  std::vector<SubmittedRun> out;
  for (const OpenRun& of_run : run.runs) {
    SubmittedRun& submitted =
        out.emplace_back(SubmittedRun{.path = of_run.folder.string(),
                                      .weights = of_run.weights.stem().string(),
                                      .weights_sha256 = sha256_of_file(of_run.weights),
                                      .missing_videos = {}});
    for (const std::string& video : videos) {
      const bool is_elsewhere = std::ranges::any_of(
          run.runs, [&](const OpenRun& other) { return &other != &of_run && has(other, video); });
      if (is_elsewhere && !has(of_run, video)) submitted.missing_videos.push_back(video);
    }
  }
  return out;
}

std::string to_text(const Submitted& submitted) {
  const FillSummary& summary = submitted.summary;
  std::string counted;
  if (submitted.counted_videos > 0) {
    counted = concat("  rows of ", videos_text(submitted.counted_videos),
                     " up to the last frame that the bank knows: the list says no number of "
                     "frames\n");
  }
  return concat("submission: ", submitted.output, "\n  task ", submission_task_name(summary.task),
                ", ", with_thousands(summary.rows), " rows of ",
                videos_text(static_cast<std::size_t>(summary.videos)), ", ",
                with_thousands(summary.interpolated_rows), " interpolated, ",
                videos_text(summary.videos_without_embeddings.size()), " without embeddings\n",
                counted, origin_text(submitted), histogram_text(summary), odd_texts(submitted));
}

nlohmann::json to_json(const Submitted& submitted) {
  nlohmann::json out = to_json(submitted.summary);
  out["output"] = submitted.output;
  out["counted_videos"] = submitted.counted_videos;
  out["decisions"] = nlohmann::json::parse(submitted.decisions_json);
  out["runs"] = nlohmann::json::array();
  for (const SubmittedRun& run : submitted.runs) {
    out["runs"].push_back({{"path", run.path},
                           {"weights", run.weights},
                           {"weights_sha256", run.weights_sha256},
                           {"missing_videos", run.missing_videos}});
  }
  return out;
}

}  // namespace mien
