// One page about one or several runs that works from disk: no script, no network.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/report/run_files.h"
#include "mien/scoring/scores.h"

namespace mien {

/// An image file of a frame, as it is.
struct Thumbnail {
  std::int32_t frame = 0;
  std::string mime;  ///< "image/jpeg"
  std::string bytes;
};

/// A run, and what only the command can read: scores and labels of the validation split.
struct ReportRun {
  RunFiles files;
  std::map<Task, TaskScores> probabilities;  ///< as the network gives them; empty: not at hand
  std::vector<LabelSet> labels;
  std::map<std::string, std::vector<Thumbnail>> thumbnails;  ///< by video
};

/// A video to show, and why: "best", "median" or "worst" by `measure`.
struct ChosenVideo {
  std::string role, video;
  double score = 0;
};

/// By the evaluation's own score of each video; without one, by the share of known labels that the
/// highest score (classes) or a threshold of .5 (binary) meets. Fewer than three videos: each once.
/// Images that are no film are not chosen.
std::vector<ChosenVideo> chosen_videos(const ReportRun& run, const Task& task);

/// The frames of a video that thumbnails help with: `count`, evenly spread.
std::vector<std::int32_t> thumbnail_frames(const VideoScores& scores, std::size_t count);

/// The page. Every name in it is escaped; charts are SVG with text.
std::string report_html(const std::vector<ReportRun>& runs);

}  // namespace mien
