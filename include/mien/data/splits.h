// Who is in training and who is in validation: always whole videos.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mien {

/// `122-60-1920x1080-5_left` -> `122-60-1920x1080-5`: the recording behind a crop folder.
/// Only a final `_left` or `_right` is removed.
std::string recording_of(const std::string& video);

/// The fold (0 <= fold < folds) of each name. Videos of one recording share a fold; the split is a
/// function of the set of names only (not of their order), and folds hold nearly equally many
/// recordings.
std::vector<std::int64_t> assign_folds(const std::vector<std::string>& videos, std::int64_t folds);

/// The fold of each group, by the same rule; the groups are persons or recordings.
std::map<std::string, std::int64_t> assign_group_folds(const std::set<std::string>& groups,
                                                       std::int64_t folds);

/// Recordings that occur on both sides, sorted: a leak when the two halves are one person's day.
std::vector<std::string> shared_recordings(const std::vector<std::string>& training,
                                           const std::vector<std::string>& validation);

}  // namespace mien
