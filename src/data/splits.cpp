#include "mien/data/splits.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "mien/core/digest.h"
#include "mien/core/error.h"

namespace mien {
namespace {

std::set<std::string> recordings_of(const std::vector<std::string>& videos) {
  std::set<std::string> recordings;
  for (const std::string& video : videos) recordings.insert(recording_of(video));
  return recordings;
}

}  // namespace

std::string recording_of(const std::string& video) {
  for (const std::string_view side : {"_left", "_right"}) {
    if (video.size() > side.size() && video.ends_with(side)) {
      return video.substr(0, video.size() - side.size());
    }
  }
  return video;
}

std::map<std::string, std::int64_t> assign_group_folds(const std::set<std::string>& groups,
                                                       std::int64_t folds) {
  if (folds < 1) throw InputError("folds", std::to_string(folds), "expected at least 1");
  // Dealing in the order of the digests mixes neighbours in the alphabet (series of one source)
  // without a seed, and leaves the fold of a name alone when the list is merely reordered.
  std::vector<std::pair<std::string, std::string>> shuffled;
  for (const std::string& recording : groups) {
    shuffled.emplace_back(sha256_of_text(recording), recording);
  }
  std::sort(shuffled.begin(), shuffled.end());
  std::map<std::string, std::int64_t> fold_of;
  for (const auto& [digest, recording] : shuffled) {
    const auto dealt = static_cast<std::int64_t>(fold_of.size());
    fold_of[recording] = dealt % folds;
  }
  return fold_of;
}

std::vector<std::int64_t> assign_folds(const std::vector<std::string>& videos, std::int64_t folds) {
  const auto fold_of = assign_group_folds(recordings_of(videos), folds);
  std::vector<std::int64_t> result;
  result.reserve(videos.size());
  for (const std::string& video : videos) result.push_back(fold_of.at(recording_of(video)));
  return result;
}

std::vector<std::string> shared_recordings(const std::vector<std::string>& training,
                                           const std::vector<std::string>& validation) {
  const std::set<std::string> left = recordings_of(training), right = recordings_of(validation);
  std::vector<std::string> shared;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(shared));
  return shared;
}

}  // namespace mien
