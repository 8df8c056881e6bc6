#include "frame_list.h"

#include <algorithm>
#include <numeric>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::int32_t kLastFrame = 4'000'000;

void require_countable(const std::string& video, std::int32_t last) {
  if (last <= kLastFrame) return;
  throw InputError("video", video,
                   concat("has frame ", last, ": expected at most ", with_thousands(kLastFrame),
                          " for a row a frame"));
}

}  // namespace

std::string FrameList::reason(std::int32_t frame) const {
  const auto failure = failures.find(frame);
  if (failure != failures.end()) return failure->second;
  return std::ranges::binary_search(embedded, frame) ? "not in every bank" : "no image";
}

FrameList frame_list(const std::vector<Bank>& banks, const std::string& video) {
  FrameList list;
  bool sampled = true;
  for (const Bank& bank : banks) {
    if (!bank.has(video)) continue;
    const VideoEmbeddings opened = bank.open(video);
    sampled = sampled && opened.every() > 1;
    list.embedded.insert(list.embedded.end(), opened.frames().begin(), opened.frames().end());
    for (const FailedFrame& failed : opened.failed()) {
      // Images without a number, or with one that no frame can have, are of no row.
      if (failed.frame < 1 || failed.frame > kLastFrame) continue;
      list.failures.emplace(static_cast<std::int32_t>(failed.frame), failed.reason);
    }
  }
  std::ranges::sort(list.embedded);
  list.embedded.erase(std::unique(list.embedded.begin(), list.embedded.end()), list.embedded.end());
  list.frames = list.embedded;
  for (const auto& [frame, reason] : list.failures) list.frames.push_back(frame);
  std::ranges::sort(list.frames);
  list.frames.erase(std::unique(list.frames.begin(), list.frames.end()), list.frames.end());
  if (list.frames.empty()) return list;
  require_countable(video, list.frames.back());
  if (!sampled) {
    const std::int32_t first = std::min(1, list.frames.front());
    list.frames.resize(static_cast<std::size_t>(list.frames.back() - first) + 1);
    std::iota(list.frames.begin(), list.frames.end(), first);
  }
  return list;
}

}  // namespace mien
