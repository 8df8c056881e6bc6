#include "mien/data/splits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "expectations.h"

namespace mien {
namespace {

using testing::holds;
using testing::refusal_of;

std::vector<std::string> many_videos() {
  std::vector<std::string> videos;
  for (int i = 0; i < 101; ++i) videos.push_back(std::to_string(i) + "-30-1280x720");
  for (int i = 0; i < 20; ++i) videos.push_back(std::to_string(i) + "-30-1280x720_right");
  return videos;
}

TEST(RecordingOf, RemovesOneFinalSideOnly) {
  EXPECT_EQ(recording_of("122-60-1920x1080-5_left"), "122-60-1920x1080-5");
  EXPECT_EQ(recording_of("6-30-1920x1080_right"), "6-30-1920x1080");
  EXPECT_EQ(recording_of("video45_5"), "video45_5");
  EXPECT_EQ(recording_of("10_left_1"), "10_left_1");
  EXPECT_EQ(recording_of("10_left_right"), "10_left");
  EXPECT_EQ(recording_of("_left"), "_left");
}

TEST(AssignFolds, KeepsTheHalvesOfARecordingTogether) {
  const auto videos = many_videos();
  const auto folds = assign_folds(videos, 5);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(folds[i], folds[101 + i]);
}

TEST(AssignFolds, DealsRecordingsEvenly) {
  auto videos = many_videos();
  videos.resize(101);
  std::map<std::int64_t, int> sizes;
  for (const std::int64_t fold : assign_folds(videos, 5)) ++sizes[fold];
  ASSERT_EQ(sizes.size(), 5U);
  for (const auto& [fold, size] : sizes) EXPECT_TRUE(size == 20 || size == 21);
}

TEST(AssignFolds, DoesNotDependOnTheOrderOfTheNames) {
  auto videos = many_videos();
  const auto folds = assign_folds(videos, 4);
  std::reverse(videos.begin(), videos.end());
  auto reversed = assign_folds(videos, 4);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(folds, reversed);
}

TEST(AssignFolds, IsTheSameOnEveryMachine) {
  EXPECT_TRUE(holds(assign_folds({"a", "b", "c", "c_left", "d"}, 2), {1, 0, 1, 1, 0}));
}

TEST(AssignFolds, OneFoldTakesAllAndNoneIsRefused) {
  EXPECT_EQ(assign_folds(many_videos(), 1), std::vector<std::int64_t>(121, 0));
  EXPECT_EQ(refusal_of([] { assign_folds({"a"}, 0); }), "folds = 0: expected at least 1");
}

TEST(AssignGroupFolds, IsTheRuleOfTheRecordings) {
  const std::vector<std::string> videos = many_videos();
  std::set<std::string> recordings;
  for (const std::string& video : videos) recordings.insert(recording_of(video));
  for (const std::int64_t folds : {1, 2, 5, 200}) {
    const auto of_videos = assign_folds(videos, folds);
    const auto of_groups = assign_group_folds(recordings, folds);
    for (std::size_t v = 0; v < videos.size(); ++v) {
      EXPECT_EQ(of_groups.at(recording_of(videos[v])), of_videos[v]);
    }
  }
  EXPECT_EQ(refusal_of([] { assign_group_folds({"a"}, 0); }), "folds = 0: expected at least 1");
}

TEST(SharedRecordings, FindsWhatIsOnBothSides) {
  EXPECT_TRUE(holds(shared_recordings({"b_left", "a", "c"}, {"b_right", "d", "a"}), {"a", "b"}));
}

}  // namespace
}  // namespace mien
