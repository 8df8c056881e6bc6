#include "mien/data/labels.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "labels/label_source.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/splits.h"

namespace mien {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// The group of names that a pattern finds.
class GroupPattern {
 public:
  explicit GroupPattern(const std::string& pattern) : text_(pattern) {
    if (pattern.empty()) return;
    try {
      pattern_ = std::regex(pattern, std::regex::ECMAScript);
    } catch (const std::regex_error& problem) {
      throw InputError("split.group", pattern,
                       concat("is no regular expression (", problem.what(), ")"));
    }
    if (pattern_.mark_count() == 0) {
      throw InputError("split.group", pattern,
                       "expected a group in parentheses, such as ([^-]+)-.* for the part before "
                       "the first hyphen");
    }
  }

  bool empty() const { return text_.empty(); }

  std::string in(const std::string& name) const {
    std::smatch found;
    if (!std::regex_search(name, found, pattern_) || !found[1].matched) {
      throw InputError("split.group", text_, "does not match " + name);
    }
    return found[1].str();
  }

 private:
  std::string text_;
  std::regex pattern_;
};

/// Rows without a group get the pattern's; without a pattern, images that are no film are alone.
void complete_groups(LabelSet& set, const GroupPattern& pattern) {
  std::map<std::string, std::int32_t> places;
  for (std::size_t g = 0; g < set.groups.size(); ++g) {
    places[set.groups[g]] = static_cast<std::int32_t>(g);
  }
  const auto place_of = [&](const std::string& name) {
    const auto [found, added] =
        places.try_emplace(name, static_cast<std::int32_t>(set.groups.size()));
    if (added) set.groups.push_back(name);
    return found->second;
  };
  for (VideoLabels& video : set.videos) {
    const bool has_groups = !video.groups.empty();
    if (pattern.empty() && video.names.empty() && !has_groups) continue;
    video.groups.resize(video.size(), -1);
    for (std::size_t i = 0; i < video.size(); ++i) {
      if (video.groups[i] >= 0) continue;
      if (video.groups[i] == kRecordingGroup && pattern.empty()) continue;
      const bool is_image = !video.names.empty();
      const std::string name = is_image ? video.names[i] : video.video;
      video.groups[i] = place_of(!pattern.empty() ? pattern.in(name)
                                 : is_image       ? video.video + "/" + name
                                                  : recording_of(video.video));
    }
  }
}

/// Whether a row of one video comes before a row of the other: by frame, or by name.
bool is_before(const VideoLabels& a, std::size_t i, const VideoLabels& b, std::size_t j) {
  return a.names.empty() ? a.frames[i] < b.frames[j] : a.names[i] < b.names[j];
}

void append_row(VideoLabels& to, const VideoLabels& from, std::size_t row, std::size_t columns) {
  if (!from.frames.empty()) to.frames.push_back(from.frames[row]);
  if (!from.names.empty()) to.names.push_back(from.names[row]);
  const auto first = from.values.begin() + static_cast<std::ptrdiff_t>(row * columns);
  to.values.insert(to.values.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  to.groups.push_back(from.groups.empty() ? kRecordingGroup : from.groups[row]);
  to.weights.push_back(from.weights.empty() ? 1 : from.weights[row]);
}

std::string row_name(const VideoLabels& video, std::size_t row) {
  return video.names.empty() ? concat(video.video, " frame ", video.frames[row])
                             : concat(video.video, "/", video.names[row]);
}

/// Rows of both in order; a row that both have must say the same of the task where both know it.
VideoLabels merged(const VideoLabels& a, const VideoLabels& b, std::size_t columns) {
  if (a.names.empty() != b.names.empty()) {
    throw InputError("annotations", a.video,
                     "is a film in one source and a folder of images in another");
  }
  VideoLabels out{.video = a.video};
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && is_before(a, i, b, j))) {
      append_row(out, a, i++, columns);
    } else if (i == a.size() || is_before(b, j, a, i)) {
      append_row(out, b, j++, columns);
    } else {
      append_row(out, a, i, columns);
      for (std::size_t c = 0; c < columns; ++c) {
        double& value = out.values[out.values.size() - columns + c];
        const double other = b.values[j * columns + c];
        if (is_known(value) && is_known(other) && value != other) {
          throw InputError("annotations", row_name(a, i), "two sources contradict each other");
        }
        if (!is_known(value)) value = other;
      }
      if (out.groups.back() < 0 && !b.groups.empty()) out.groups.back() = b.groups[j];
      ++i;
      ++j;
    }
  }
  return out;
}

/// `from`'s groups among `to`'s.
std::vector<std::int32_t> places_of(const std::vector<std::string>& from,
                                    std::vector<std::string>& to) {
  std::map<std::string, std::int32_t> known;
  for (std::size_t g = 0; g < to.size(); ++g) known[to[g]] = static_cast<std::int32_t>(g);
  std::vector<std::int32_t> places;
  for (const std::string& group : from) {
    const auto [found, added] = known.try_emplace(group, static_cast<std::int32_t>(to.size()));
    if (added) to.push_back(group);
    places.push_back(found->second);
  }
  return places;
}

void join_sets(LabelSet& to, LabelSet from) {
  const std::size_t columns = label_columns(to.task);
  const std::vector<std::int32_t> places = places_of(from.groups, to.groups);
  std::map<std::string, VideoLabels> videos;
  for (VideoLabels& video : to.videos) videos.emplace(video.video, std::move(video));
  for (VideoLabels& video : from.videos) {
    for (std::int32_t& group : video.groups) {
      if (group >= 0) group = places[static_cast<std::size_t>(group)];
    }
    const auto found = videos.find(video.video);
    if (found == videos.end()) {
      videos.emplace(video.video, std::move(video));
    } else {
      found->second = merged(found->second, video, columns);
    }
  }
  to.videos.clear();
  for (auto& [name, video] : videos) to.videos.push_back(std::move(video));
  to.files.insert(to.files.end(), from.files.begin(), from.files.end());
  if (from.partly_known == PartlyKnown::kMaskValue) to.partly_known = PartlyKnown::kMaskValue;
}

}  // namespace

std::string split_name(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "validation";
    case Split::kTest:
      break;
  }
  return "test";
}

Split split_from_name(const std::string& name, const std::string& what) {
  std::vector<std::string> names;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    names.push_back(split_name(split));
    if (names.back() == name) return split;
  }
  throw InputError(what, name, "expected " + join(names, " or "), nearest_match(name, names));
}

std::span<const double> LabelSet::row(const VideoLabels& video, std::size_t index) const {
  const std::size_t columns = label_columns(task);
  return std::span(video.values).subspan(index * columns, columns);
}

std::string LabelSet::group_of(const VideoLabels& video, std::size_t index) const {
  const std::int32_t group = video.groups.empty() ? -1 : video.groups[index];
  return group < 0 ? recording_of(video.video) : groups[static_cast<std::size_t>(group)];
}

bool is_known_row(std::span<const double> row) {
  return std::ranges::all_of(row, is_known);
}

bool same_values(std::span<const double> a, std::span<const double> b) {
  return std::ranges::equal(
      a, b, [](double x, double y) { return x == y || (!is_known(x) && !is_known(y)); });
}

bool is_scored_row(std::span<const double> row, PartlyKnown policy) {
  return policy == PartlyKnown::kDropRow ? is_known_row(row) : std::ranges::any_of(row, is_known);
}

void filter_rows(LabelSet& set, const std::function<bool(const VideoLabels&, std::size_t)>& keep) {
  const std::size_t columns = label_columns(set.task);
  for (VideoLabels& video : set.videos) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < video.size(); ++i) {
      if (!keep(video, i)) continue;
      const auto move_to = [&](auto& list, std::size_t width) {
        if (list.empty()) return;
        for (std::size_t c = 0; c < width; ++c) {
          list[kept * width + c] = std::move(list[i * width + c]);
        }
      };
      if (kept != i) {
        move_to(video.frames, 1);
        move_to(video.names, 1);
        move_to(video.values, columns);
        move_to(video.groups, 1);
        move_to(video.weights, 1);
      }
      ++kept;
    }
    const auto cut = [&](auto& list, std::size_t width) {
      if (!list.empty()) list.resize(kept * width);
    };
    cut(video.frames, 1);
    cut(video.names, 1);
    cut(video.values, columns);
    cut(video.groups, 1);
    cut(video.weights, 1);
  }
  std::erase_if(set.videos, [](const VideoLabels& video) { return video.size() == 0; });
}

std::vector<LabelSet> load_labels(const Annotations& annotations, const std::vector<Task>& tasks,
                                  Split split, const std::string& group_pattern) {
  const GroupPattern pattern(group_pattern);
  std::vector<std::size_t> first_with(tasks.size(), kNone);
  std::vector<LabelSet> sets(tasks.size());
  std::vector<InputError> refusals;
  for (std::size_t s = 0; s < annotations.sources.size(); ++s) {
    std::vector<std::optional<LabelSet>> of_source =
        read_source(annotations.sources[s], tasks, split, refusals);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (!of_source[t]) continue;
      complete_groups(*of_source[t], pattern);
      if (first_with[t] == kNone) {
        first_with[t] = s;
        sets[t] = std::move(*of_source[t]);
      } else {
        join_sets(sets[t], std::move(*of_source[t]));
      }
    }
  }
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (first_with[t] != kNone) continue;
    if (!refusals.empty()) throw InputError(refusals.front());
    throw InputError("annotations", annotations.empty() ? "(nothing)" : annotations.text(),
                     "no labels of the task " + task_name(tasks[t]));
  }
  return sets;
}

LabelSet load_labels(const Annotations& annotations, const Task& task, Split split) {
  return std::move(load_labels(annotations, std::vector<Task>{task}, split).front());
}

}  // namespace mien
