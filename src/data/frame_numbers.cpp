#include "frame_numbers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "mien/core/text.h"

namespace mien {
namespace {

struct NumberedImage {
  std::int64_t number = 0;
  std::string file;
};

void reject(VideoFrames& video, std::int64_t number, const std::string& file,
            const std::string& reason) {
  video.rejected.push_back({number, video.folder / file, reason});
}

/// `images` in byte order of their names.
void number_by_name(std::vector<NumberedImage> images, VideoFrames& video) {
  const auto by_number = [](const NumberedImage& a, const NumberedImage& b) {
    return a.number < b.number;
  };
  std::stable_sort(images.begin(), images.end(), by_number);
  video.numbers.reserve(images.size());
  video.files.reserve(images.size());
  for (NumberedImage& image : images) {
    if (image.number > kLastFrame) {
      reject(video, image.number, image.file, concat("frame number above ", kLastFrame));
    } else if (!video.numbers.empty() && video.numbers.back() == image.number) {
      reject(video, image.number, image.file, "duplicate frame number");
    } else {
      video.numbers.push_back(static_cast<std::int32_t>(image.number));
      video.files.push_back(std::move(image.file));
    }
  }
}

}  // namespace

std::optional<std::int64_t> number_in_name(std::string_view file_name) {
  const std::string_view stem = file_name.substr(0, file_name.rfind('.'));
  const std::size_t last_other = stem.find_last_not_of("0123456789");
  const std::string_view digits =
      stem.substr(last_other == std::string_view::npos ? 0 : last_other + 1);
  if (digits.empty()) return std::nullopt;
  std::int64_t number = 0;
  if (!parse_integer(digits, number)) return std::numeric_limits<std::int64_t>::max();
  return number;
}

bool look_like_photos(const std::vector<std::string>& names) {
  std::map<std::string_view, std::size_t> beginnings;
  std::size_t most = 0, numbered = 0;
  for (const std::string& name : names) {
    const std::string_view stem = std::string_view(name).substr(0, name.rfind('.'));
    const std::size_t last_other = stem.find_last_not_of("0123456789");
    const std::size_t digits = last_other == std::string_view::npos ? 0 : last_other + 1;
    if (digits == stem.size()) continue;
    ++numbered;
    most = std::max(most, ++beginnings[stem.substr(0, digits)]);
  }
  return 2 * numbered >= names.size() && 2 * most < names.size();
}

void number_frames(std::vector<std::string> images, VideoFrames& video) {
  std::vector<NumberedImage> numbered;
  numbered.reserve(images.size());
  std::vector<std::string> others;
  for (std::string& file : images) {
    const auto number = number_in_name(file);
    if (number) {
      numbered.push_back({*number, std::move(file)});
    } else {
      others.push_back(std::move(file));
    }
  }
  video.numbered_by_order = numbered.size() < others.size();
  if (!video.numbered_by_order) {
    for (const std::string& file : others) reject(video, 0, file, "no frame number in the name");
    number_by_name(std::move(numbered), video);
    return;
  }
  for (NumberedImage& image : numbered) others.push_back(std::move(image.file));
  number_photos(std::move(others), video);
}

void number_photos(std::vector<std::string> images, VideoFrames& video) {
  std::sort(images.begin(), images.end());
  video.numbered_by_order = true;
  video.files = std::move(images);
  video.numbers.resize(video.files.size());
  std::iota(video.numbers.begin(), video.numbers.end(), 1);
}

}  // namespace mien
