#include "frame_list.h"

#include <algorithm>
#include <filesystem>
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

/// Images without a number, or with one that no frame can have, are of no row.
bool has_row(const FailedFrame& failed) {
  return failed.frame >= 1 && failed.frame <= kLastFrame;
}

void add_name(FrameList& list, const std::string& video, std::int32_t number,
              const std::string& name) {
  const auto [known, is_new] = list.names.emplace(number, name);
  if (is_new || known->second == name) return;
  throw InputError("video", video,
                   concat("has ", known->second, " as its image ", number, " in one bank and ",
                          name, " in another: expected banks of the same images"));
}

/// A failed image has its name from its path.
void add_names(FrameList& list, const std::string& video, const VideoEmbeddings& opened) {
  for (const auto& [number, name] : opened.names()) add_name(list, video, number, name);
  for (const FailedFrame& failed : opened.failed()) {
    if (!has_row(failed)) continue;
    add_name(list, video, static_cast<std::int32_t>(failed.frame),
             std::filesystem::path(failed.path).filename().string());
  }
}

void require_names(const FrameList& list, const std::string& video) {
  for (const std::int32_t number : list.frames) {
    if (list.names.contains(number)) continue;
    throw InputError("video", video,
                     concat("has no file name for its image ", number,
                            " in a bank: expected one for each (encode it anew)"));
  }
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
  std::vector<VideoEmbeddings> parts;
  for (const Bank& bank : banks) {
    if (!bank.has(video)) continue;
    const VideoEmbeddings& opened = parts.emplace_back(bank.open(video));
    sampled = sampled && opened.every() > 1;
    list.film = list.film && opened.is_film();
    list.embedded.insert(list.embedded.end(), opened.frames().begin(), opened.frames().end());
    for (const FailedFrame& failed : opened.failed()) {
      if (!has_row(failed)) continue;
      list.failures.emplace(static_cast<std::int32_t>(failed.frame), failed.reason);
    }
  }
  for (const VideoEmbeddings& part : parts) {
    if (!list.film) add_names(list, video, part);
  }
  std::ranges::sort(list.embedded);
  list.embedded.erase(std::unique(list.embedded.begin(), list.embedded.end()), list.embedded.end());
  list.frames = list.embedded;
  for (const auto& [frame, reason] : list.failures) list.frames.push_back(frame);
  std::ranges::sort(list.frames);
  list.frames.erase(std::unique(list.frames.begin(), list.frames.end()), list.frames.end());
  if (!list.film) require_names(list, video);
  if (list.frames.empty()) return list;
  require_countable(video, list.frames.back());
  if (list.film && !sampled) {
    const std::int32_t first = std::min(1, list.frames.front());
    list.frames.resize(static_cast<std::size_t>(list.frames.back() - first) + 1);
    std::iota(list.frames.begin(), list.frames.end(), first);
  }
  return list;
}

}  // namespace mien
