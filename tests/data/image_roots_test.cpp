#include "mien/data/image_roots.h"

#include <gtest/gtest.h>

#include <limits>

#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

std::vector<std::string> names_of(const std::vector<VideoFrames>& videos) {
  std::vector<std::string> names;
  for (const VideoFrames& video : videos) names.push_back(video.name);
  return names;
}

void write_images(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) folder.write(name, "x");
}

TEST(ListVideos, SortsVideosByBytesAndFramesByNumber) {
  const TemporaryFolder root;
  write_images(root, {"b/00010.jpg", "b/00002.jpg", "B/1.jpg", "102/00001.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(holds(names_of(videos), {"102", "B", "b"}));
  EXPECT_TRUE(holds(videos[2].numbers, {2, 10}));
  EXPECT_EQ(videos[2].path(1), root.path() / "b" / "00010.jpg");
  EXPECT_FALSE(videos[2].numbered_by_order);
}

TEST(ListVideos, NumbersSortAsNumbersNotAsText) {
  const TemporaryFolder root;
  write_images(root, {"v/frame_10.jpg", "v/frame_9.png", "v/frame_100.JPEG"});
  EXPECT_TRUE(holds(list_videos({root.path()})[0].numbers, {9, 10, 100}));
}

TEST(ListVideos, IgnoresStrayFilesAndFoldersWithoutImages) {
  const TemporaryFolder root;
  write_images(root, {"v/00001.jpg", "v/._00001.jpg", "v/.DS_Store", "v/Thumbs.db", "v/notes.txt",
                      "empty/readme.txt", ".hidden/00001.jpg", "list.csv"});
  const auto videos = list_videos({root.path()});
  ASSERT_TRUE(holds(names_of(videos), {"v"}));
  EXPECT_TRUE(holds(videos[0].files, {"00001.jpg"}));
  EXPECT_TRUE(videos[0].rejected.empty());
}

TEST(ListVideos, NamesWithoutDigitsAreNumberedInSortedOrder) {
  const TemporaryFolder root;
  write_images(root, {"v/carl.jpg", "v/anna.png", "v/Bob2.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(videos[0].numbered_by_order);
  EXPECT_TRUE(holds(videos[0].files, {"Bob2.jpg", "anna.png", "carl.jpg"}));
  EXPECT_TRUE(holds(videos[0].numbers, {1, 2, 3}));
}

TEST(ListVideos, PhotosAreNumberedByOrderThoughTheirNamesEndInDigits) {
  const TemporaryFolder root;
  write_images(root, {"p/IMG_12.jpg", "p/DSC_3.jpg", "p/anna7.jpg", "p/scan.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(videos[0].numbered_by_order);
  EXPECT_TRUE(holds(videos[0].files, {"DSC_3.jpg", "IMG_12.jpg", "anna7.jpg", "scan.jpg"}));
  EXPECT_TRUE(holds(videos[0].numbers, {1, 2, 3, 4}));
  EXPECT_TRUE(videos[0].rejected.empty());
}

TEST(ListVideos, MostImagesOfARootDecideWhetherTheyArePhotos) {
  const TemporaryFolder photos, films;
  const std::vector<std::string> three = {"few/00002.jpg", "few/00005.jpg", "few/00009.jpg"};
  write_images(photos, three);
  write_images(photos, {"many/a1.jpg", "many/b2.jpg", "many/c3.jpg", "many/d4.jpg"});
  EXPECT_TRUE(holds(list_videos({photos.path()})[0].numbers, {1, 2, 3}))
      << "beside photos these are photos too";
  write_images(films, three);
  write_images(films, {"odd/a1.jpg", "odd/b2.jpg"});
  const auto videos = list_videos({films.path()});
  EXPECT_TRUE(holds(videos[0].numbers, {2, 5, 9}));
  EXPECT_TRUE(holds(videos[1].numbers, {1, 2}));
  EXPECT_TRUE(holds(list_videos({films.path()}, true)[0].numbers, {1, 2, 3})) << "as one says";
}

TEST(ListVideos, FramesOfOneBeginningAreAFilm) {
  const TemporaryFolder root;
  write_images(root, {"v/cam1_07.jpg", "v/cam1_08.jpg", "v/cam1_30.jpg", "v/cover.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_FALSE(videos[0].numbered_by_order);
  EXPECT_TRUE(holds(videos[0].numbers, {7, 8, 30}));
}

TEST(NumberInName, IsTheDigitsAtItsEnd) {
  EXPECT_EQ(number_in_name("00012.jpg"), 12);
  EXPECT_EQ(number_in_name("a-7.png"), 7);
  EXPECT_EQ(number_in_name("x.1.jpg"), 1);
  EXPECT_EQ(number_in_name("12a.jpg"), std::nullopt);
  EXPECT_EQ(number_in_name("99999999999999999999999.jpg"),
            std::numeric_limits<std::int64_t>::max());
}

TEST(ListVideos, AnOddNameDoesNotShiftTheNumberedFrames) {
  const TemporaryFolder root;
  write_images(root, {"v/00004.jpg", "v/00005.jpg", "v/cover.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(holds(videos[0].numbers, {4, 5}));
  ASSERT_EQ(videos[0].rejected.size(), 1U);
  EXPECT_EQ(videos[0].rejected[0].reason, "no frame number in the name");
}

TEST(ListVideos, OfTwoImagesWithOneNumberTheFirstInByteOrderStays) {
  const TemporaryFolder root;
  write_images(root, {"v/1.png", "v/00001.jpg", "v/2.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(holds(videos[0].files, {"00001.jpg", "2.jpg"}));
  ASSERT_EQ(videos[0].rejected.size(), 1U);
  EXPECT_EQ(videos[0].rejected[0].frame, 1);
  EXPECT_EQ(videos[0].rejected[0].path, root.path() / "v" / "1.png");
  EXPECT_EQ(videos[0].rejected[0].reason, "duplicate frame number");
}

TEST(ListVideos, RejectsNumbersThatDoNotFit) {
  const TemporaryFolder root;
  write_images(root, {"v/2147483647.jpg", "v/2147483648.jpg", "v/99999999999999999999.jpg"});
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(holds(videos[0].numbers, {2147483647}));
  ASSERT_EQ(videos[0].rejected.size(), 2U);
  EXPECT_EQ(videos[0].rejected[0].frame, 2147483648);
  EXPECT_EQ(videos[0].rejected[0].reason, "frame number above 2147483647");
  EXPECT_EQ(videos[0].rejected[1].frame, std::numeric_limits<std::int64_t>::max());
}

TEST(ListVideos, AFolderOfImagesIsOneVideoOfItsName) {
  const TemporaryFolder root;
  write_images(root, {"my clip/00001.jpg", "my clip/00002.jpg"});
  for (const char* spelling : {"my clip", "my clip/", "my clip/.", "my clip/../my clip//"}) {
    const auto videos = list_videos({root.path() / spelling});
    EXPECT_TRUE(holds(names_of(videos), {"my clip"})) << spelling;
    EXPECT_TRUE(holds(videos[0].numbers, {1, 2}));
  }
}

TEST(ListVideos, LooseImagesBesideVideoFoldersAreNotAVideo) {
  const TemporaryFolder root;
  write_images(root, {"v/00001.jpg", "overview.png"});
  EXPECT_TRUE(holds(names_of(list_videos({root.path()})), {"v"}));
}

TEST(ListVideos, AVideoOfSeveralRootsComesFromTheFirst) {
  const TemporaryFolder root;
  write_images(root, {"a/v/00001.jpg", "b/v/00002.jpg", "b/w/00001.jpg", "a/w/stray.txt"});
  const auto videos = list_videos({root.path() / "a", root.path() / "b"});
  EXPECT_TRUE(holds(names_of(videos), {"v", "w"}));
  EXPECT_TRUE(holds(videos[0].numbers, {1}));
  EXPECT_EQ(videos[1].folder, root.path() / "b" / "w");
}

TEST(ListVideos, FollowsLinks) {
  const TemporaryFolder root, elsewhere;
  write_images(elsewhere, {"v/00001.jpg"});
  fs::create_directory_symlink(elsewhere.path() / "v", root.path() / "linked");
  fs::create_directory(root.path() / "w");
  fs::create_symlink(elsewhere.path() / "v" / "00001.jpg", root.path() / "w" / "00007.jpg");
  const auto videos = list_videos({root.path()});
  EXPECT_TRUE(holds(names_of(videos), {"linked", "w"}));
  EXPECT_TRUE(holds(videos[1].numbers, {7}));
}

TEST(ListVideos, RefusesARootThatDoesNotExistAndNamesTheNearMiss) {
  const TemporaryFolder root;
  write_images(root, {"cropped_aligned/v/00001.jpg"});
  const std::string message = refusal_of([&] { list_videos({root.path() / "croped_aligned"}); });
  EXPECT_TRUE(contains(message, "--images = "));
  EXPECT_TRUE(contains(message, "did you mean " + (root.path() / "cropped_aligned").string()));
}

TEST(ListVideos, RefusesAFileAndAFolderWithoutImages) {
  const TemporaryFolder root;
  write_images(root, {"a.txt"});
  EXPECT_TRUE(contains(refusal_of([&] { list_videos({root.path() / "a.txt"}); }),
                       "expected a folder of video folders"));
  EXPECT_TRUE(contains(refusal_of([&] { list_videos({root.path()}); }), "no image found"));
}

TEST(ListVideos, PointsToTheRootOneLevelDown) {
  const TemporaryFolder root;
  write_images(root, {"data/cropped_aligned/v/00001.jpg"});
  EXPECT_TRUE(contains(refusal_of([&] { list_videos({root.path() / "data"}); }),
                       "did you mean " + (root.path() / "data" / "cropped_aligned").string()));
}

TEST(KeepEvery, TakesTheFirstAndThenEachKth) {
  std::vector<VideoFrames> videos(1);
  videos[0].numbers = {3, 5, 6, 9, 20};
  videos[0].files = {"3", "5", "6", "9", "20"};
  auto copy = videos;
  keep_every(copy, 2);
  EXPECT_TRUE(holds(copy[0].numbers, {3, 6, 20}));
  EXPECT_TRUE(holds(copy[0].files, {"3", "6", "20"}));
  keep_every(videos, std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(holds(videos[0].numbers, {3}));
}

TEST(KeepEvery, RefusesLessThanOne) {
  std::vector<VideoFrames> videos;
  EXPECT_EQ(refusal_of([&] { keep_every(videos, 0); }), "--every = 0: expected at least 1");
}

TEST(KeepNamed, KeepsTheOrderOfTheVideos) {
  std::vector<VideoFrames> videos(3);
  videos[0].name = "a";
  videos[1].name = "b";
  videos[2].name = "c";
  keep_named(videos, {"c", "a", "c"}, "--videos");
  EXPECT_TRUE(holds(names_of(videos), {"a", "c"}));
}

TEST(KeepNamed, RefusesAnUnknownNameWithTheNearMiss) {
  std::vector<VideoFrames> videos(2);
  videos[0].name = "12-30-1920x1080";
  videos[1].name = "video45_5";
  EXPECT_EQ(refusal_of([&] { keep_named(videos, {"video45-5"}, "--videos"); }),
            "--videos = video45-5: expected one of the 2 videos found; did you mean video45_5?");
}

}  // namespace
}  // namespace mien
