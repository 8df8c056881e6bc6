#include "clip/clip_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::size_t kNamed = 10;  ///< of the videos with a problem

std::string counted(std::int64_t count, const std::string& unit) {
  return concat(with_thousands(count), " ", unit, count == 1 ? "" : "s");
}

std::int64_t frames_of(const ClipsSummary& summary) {
  std::int64_t frames = 0;
  for (const ClipReport& video : summary.videos) frames += video.frames;
  return frames;
}

double rate_of(const ClipsSummary& summary) {
  return summary.seconds > 0 ? static_cast<double>(frames_of(summary)) / summary.seconds : 0;
}

std::string faces_of(const ClipReport& video) {
  const std::string frames = counted(video.frames, "frame");
  if (video.frames_with_face == 0) {
    return concat(video.people == 0 ? "no face in " : "no embedding in ", frames,
                  ", the rows hold the training prior");
  }
  if (video.frames_with_face == video.frames) return "a face in all of " + frames;
  const double share =
      static_cast<double>(video.frames_with_face) / static_cast<double>(video.frames);
  return concat("a face in ", with_thousands(video.frames_with_face), " of ", frames, " (",
                fixed(std::min(100 * share, 99.9), 1), " %)");
}

std::string line_of(const ClipReport& video, bool everyone) {
  if (!video.has_rows) return concat("  ", video.file, ": no rows, ", video.problem, "\n");
  std::string line = concat("  ", video.file, ": ", faces_of(video));
  if (video.people > 1) {
    line += concat("; ", video.people, " people",
                   everyone ? "" : ", the rows are of the one who takes the largest area");
  }
  if (!video.problem.empty()) line += "; " + video.problem;
  return line + "\n";
}

}  // namespace

nlohmann::json to_json(const ClipsSummary& summary) {
  nlohmann::json out = to_json(summary.rows);
  out["failed"] = out["per_video"] = nlohmann::json::array();
  for (const ClipReport& video : summary.videos) {
    if (!video.problem.empty()) {
      out["failed"].push_back({{"video", video.name}, {"reason", video.problem}});
    }
    if (!video.has_rows) continue;
    out["per_video"].push_back({{"video", video.name},
                                {"frames", video.frames},
                                {"frames_with_face", video.frames_with_face},
                                {"people", video.people}});
  }
  out["seconds"] = summary.seconds;
  out["frames_per_second"] = rate_of(summary);
  return out;
}

std::string text_of(const ClipsSummary& summary) {
  const auto videos = std::ranges::count_if(summary.videos, &ClipReport::has_rows);
  std::string text =
      concat("  ", counted(summary.rows.rows, "row"), " of ", counted(videos, "video"), " in ",
             duration_text(summary.seconds), " (", fixed(rate_of(summary), 1), " frames/s)\n");
  for (const ClipReport& video : summary.videos) text += line_of(video, summary.everyone);
  return text;
}

std::string problems_of(const ClipsSummary& summary) {
  std::vector<std::string> problems;
  for (const ClipReport& video : summary.videos) {
    if (!video.problem.empty()) problems.push_back(video.file + " (" + video.problem + ")");
  }
  if (problems.empty()) return {};
  const std::size_t count = problems.size();
  if (count > kNamed) {
    problems.resize(kNamed);
    problems.push_back(concat("and ", count - kNamed, " more"));
  }
  return concat(count, " of ", counted(std::ssize(summary.videos), "video"),
                count == 1 ? " has" : " have", " a problem: ", join(problems));
}

}  // namespace mien
