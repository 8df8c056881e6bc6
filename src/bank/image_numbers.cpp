#include "mien/bank/image_numbers.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/image_roots.h"

namespace mien {
namespace {

constexpr std::int64_t kUnknownNumber = -1;

/// The bank's numbers of one video's images.
class Numbers {
 public:
  Numbers(const Bank& bank, const std::string& video) : shift_(1 - bank.info().first_frame) {
    if (!bank.has(video)) return;
    for (const auto& [number, name] : bank.open(video).names()) numbers_[name] = number;
  }

  std::int64_t of(const std::string& name) const {
    if (!numbers_.empty()) {
      const auto found = numbers_.find(name);
      return found == numbers_.end() ? kUnknownNumber : std::int64_t{found->second};
    }
    const auto number = number_in_name(name);
    return number && *number <= std::numeric_limits<std::int32_t>::max() ? *number + shift_
                                                                         : kUnknownNumber;
  }

 private:
  std::int64_t shift_;  ///< of a bank whose files count from 0
  std::unordered_map<std::string, std::int32_t> numbers_;
};

/// A number for every row; those that have none, or one that an earlier row has, follow the others.
std::vector<std::int64_t> numbers_of(const VideoLabels& video, const Numbers& known) {
  std::vector<std::int64_t> numbers;
  std::unordered_map<std::int64_t, bool> taken;
  std::int64_t next = 0;
  for (const std::string& name : video.names) {
    std::int64_t number = known.of(name);
    if (number != kUnknownNumber && !taken.try_emplace(number, true).second) {
      number = kUnknownNumber;
    }
    next = std::max(next, number);
    numbers.push_back(number);
  }
  for (std::int64_t& number : numbers) {
    if (number == kUnknownNumber) number = ++next;
  }
  return numbers;
}

template <class T>
void permute(std::vector<T>& list, const std::vector<std::size_t>& order, std::size_t width = 1) {
  if (list.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(list.size());
  for (const std::size_t i : order) {
    for (std::size_t c = 0; c < width; ++c) sorted.push_back(std::move(list[i * width + c]));
  }
  list = std::move(sorted);
}

void number_video(VideoLabels& video, const Numbers& known, std::size_t columns) {
  const std::vector<std::int64_t> numbers = numbers_of(video, known);
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return numbers[i]; });
  for (const std::size_t i : order) {
    if (numbers[i] > std::numeric_limits<std::int32_t>::max()) {
      throw InputError("annotations", video.video + "/" + video.names[i],
                       "has no number left in its folder: expected fewer images beside such a "
                       "large frame number");
    }
    video.frames.push_back(static_cast<std::int32_t>(numbers[i]));
  }
  permute(video.names, order);
  permute(video.values, order, columns);
  permute(video.groups, order);
  permute(video.weights, order);
}

}  // namespace

void number_images(std::vector<LabelSet>& labels, const Bank& bank) {
  for (LabelSet& set : labels) {
    for (VideoLabels& video : set.videos) {
      if (video.names.empty() || !video.frames.empty()) continue;
      if (video.video.empty()) {
        if (bank.videos().size() != 1) {
          throw InputError("annotations", video.names.front(),
                           concat("names no folder, and the bank ", bank.folder().string(), " has ",
                                  bank.videos().size(), " of them: expected folder/image"));
        }
        video.video = bank.videos().front();
      }
      number_video(video, Numbers(bank, video.video), label_columns(set.task));
    }
  }
}

}  // namespace mien
