#include "mien/submission/video_list.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/submission_format.h"

namespace mien {
namespace {

constexpr std::int64_t kMostFrames = 4'000'000;  // of a video, as everywhere

bool is_name(std::string_view text) {
  constexpr std::size_t kLongest = 255;  // of a file's name
  const auto is_foreign = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7F || c == '/' || c == ',';
  };
  return !text.empty() && text.size() <= kLongest && text.front() != '.' &&
         std::ranges::none_of(text, is_foreign);
}

std::optional<ListedVideo> parsed(std::string_view line) {
  const std::size_t comma = line.find(',');
  ListedVideo out{std::string(trim(line.substr(0, comma)))};
  if (!is_name(out.video)) return std::nullopt;
  if (comma == std::string_view::npos) return out;
  std::int64_t frames = 0;
  if (!parse_integer(trim(line.substr(comma + 1)), frames) || frames < 1 || frames > kMostFrames) {
    return std::nullopt;
  }
  out.frames = static_cast<std::int32_t>(frames);
  return out;
}

}  // namespace

void VideoList::fail(const ListedVideo& video, const std::string& expected,
                     const std::string& suggestion) const {
  throw InputError(concat(path.string(), " line ", video.line), shown(video.video), expected,
                   suggestion);
}

bool is_video_list(std::string_view text) {
  constexpr std::size_t kLooked = 2;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t names = 0;
  while (!text.empty() && names < kLooked) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (!parsed(line) || task_of_header(line) || task_of_video_header(line)) return false;
    ++names;
  }
  return names > 0;
}

VideoList read_video_list(const std::filesystem::path& path, std::string_view text) {
  VideoList list{path, {}};
  std::unordered_map<std::string, std::size_t> line_of;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (trim(line).empty()) continue;
    auto video = parsed(line);
    if (!video) {
      list.fail(
          {std::string(line), number},
          concat("expected a video's name, alone or with its frames (name,1234), as in line ",
                 list.videos.empty() ? 1 : list.videos.front().line, " of this list of videos"));
    }
    video->line = number;
    const auto [first, is_new] = line_of.try_emplace(video->video, number);
    if (!is_new) {
      list.fail(*video, concat("is in this list of videos twice, first in line ", first->second));
    }
    list.videos.push_back(std::move(*video));
  }
  return list;
}

}  // namespace mien
