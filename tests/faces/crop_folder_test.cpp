#include "crop_folder.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <set>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/image_roots.h"
#include "temporary_folder.h"

namespace {

std::set<std::string> flushed;  ///< what was in the folder when it was flushed

}  // namespace

/// In place of the C library's, so that a test sees what is flushed.
extern "C" int syncfs(int descriptor) noexcept {
  const auto folder = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    flushed.insert(entry.path().string());
  }
  return static_cast<int>(::syscall(SYS_syncfs, descriptor));
}

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

const nlohmann::json kSettings = {{"size", 112}};

/// Commits a video with one crop for each of the folders.
void finish(const CropFolder& folder, const std::string& name,
            const std::vector<std::string>& folders, const std::string& content = "jpeg") {
  const fs::path made = folder.begin(name);
  FinishedVideo video{.name = name, .source = {"/from/" + name, 1}, .crops = {}, .rows = "rows"};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const std::string id = std::to_string(i + 1);
    make_folder(made / id, "--out");
    write_plainly(made / id / "00001.jpg", content);
    video.crops[id] = folders[i];
  }
  write_plainly(made / "rows", name + "\n");
  folder.commit(video);
}

TEST(CropFolderTest, RefusesOtherSettingsBesideCropsAlone) {
  const TemporaryFolder scratch;
  const nlohmann::json others = {{"size", 96}};
  CropFolder(scratch.path(), kSettings, {"clip"}, false);  // nothing came of it
  finish(CropFolder(scratch.path(), others, {"clip"}, false), "clip", {"clip"});
  EXPECT_TRUE(contains(refusal_of([&] { CropFolder(scratch.path(), kSettings, {"clip"}, false); }),
                       "other settings"));
}

TEST(CropFolderTest, FlushesEveryFileBeforeItsFolderIsSeen) {
  const TemporaryFolder scratch;
  CropFolder folder(scratch.path(), kSettings, {"clip"}, false);
  flushed.clear();
  finish(folder, "clip", {"clip", "clip_2"});
  for (const std::string inside : {"crops/clip/00001.jpg", "crops/clip_2/00001.jpg", "rows.csv",
                                   "folders.txt", "source.txt", "crop.json", "crops/clip"}) {
    EXPECT_TRUE(flushed.contains((scratch.path() / ".crop/making/clip" / inside).string()))
        << inside;
  }
  EXPECT_EQ(read_text(scratch.path() / "clip_2" / "00001.jpg"), "jpeg");
}

TEST(CropFolderTest, APersonsFolderIsNoOtherVideosAndNobodyElses) {
  const TemporaryFolder scratch;
  scratch.write("a_4/precious", "x");
  CropFolder folder(scratch.path(), kSettings, {"a", "a_2", "b"}, false);
  EXPECT_EQ(folder.folder_of("a", 1), "a");
  EXPECT_EQ(folder.folder_of("a", 2), "a_2_face") << "an input of this run is called so";
  EXPECT_EQ(folder.folder_of("a", 3), "a_3");
  EXPECT_EQ(folder.folder_of("a", 4), "a_4_face") << "somebody's";
  finish(folder, "a", {"a", "a_2_face", "a_3"});
  EXPECT_EQ(folder.folder_of("a_2", 2), "a_2_2");
}

TEST(CropFolderTest, ReplacesWhatTheVideoHadAndNothingElse) {
  const TemporaryFolder scratch;
  {
    CropFolder folder(scratch.path(), kSettings, {"a"}, false);
    finish(folder, "a", {"a", "a_2"}, "old");
  }
  CropFolder folder(scratch.path(), kSettings, {"a", "a_2", "b"}, true);
  EXPECT_TRUE(
      contains(refusal_of([&] { finish(folder, "a_2", {"a_2"}, "other"); }), "is not of a_2"));
  EXPECT_EQ(read_text(scratch.path() / "a_2" / "00001.jpg"), "old");
  finish(folder, "a", {"a"}, "new");
  EXPECT_EQ(read_text(scratch.path() / "a" / "00001.jpg"), "new");
  EXPECT_FALSE(fs::exists(scratch.path() / "a_2"));
  scratch.write("b/precious", "x");
  EXPECT_TRUE(contains(refusal_of([&] { finish(folder, "b", {"b"}); }), "is not of b"));
  EXPECT_EQ(read_text(scratch.path() / "b" / "precious"), "x");
}

TEST(CropRecordsTest, RemembersWhatWasFinishedAndFromWhere) {
  const TemporaryFolder scratch;
  {
    CropFolder folder(scratch.path(), kSettings, {"a b"}, false);
    finish(folder, "a b", {"a b", "a b_2"});
  }
  const CropRecords records(scratch.path());
  EXPECT_TRUE(records.is_finished("a b"));
  EXPECT_FALSE(records.is_finished("a b_2"));
  ASSERT_NE(records.owner_of("a b_2"), nullptr);
  EXPECT_EQ(*records.owner_of("a b_2"), "a b");
  EXPECT_EQ(records.owner_of("c"), nullptr);
  ASSERT_NE(records.find("a b"), nullptr);
  EXPECT_EQ(records.find("a b")->source->path, "/from/a b");
  fs::remove_all(scratch.path() / "a b_2");
  EXPECT_FALSE(CropRecords(scratch.path()).is_finished("a b")) << "a folder was taken away";
  EXPECT_EQ(CropRecords(scratch.path() / "missing").find("a b"), nullptr);
}

TEST(CropRecordsTest, AnInputIsTheSameInItsPlaceOrMovedAsItIs) {
  const CropSource clip{"/a/clip.mp4", 7};
  EXPECT_TRUE(clip.is_same_input({"/a/clip.mp4", 9})) << "written anew";
  EXPECT_TRUE(clip.is_same_input({"/b/clip.mp4", 7})) << "moved";
  EXPECT_FALSE(clip.is_same_input({"/b/clip.mp4", 9}));
  EXPECT_FALSE(clip.is_same_input({"/a/clip.mov", 7}));
  const TemporaryFolder scratch;
  const auto in_place = CropSource::of_file(scratch.write("x/clip.mp4", "seven"));
  EXPECT_EQ(in_place.size, 5);
  const auto copy = CropSource::of_file(scratch.write("y/clip.mp4", "seven"));
  EXPECT_FALSE(in_place.is_same_input(copy)) << "both are there";
  fs::create_symlink(in_place.path.parent_path(), scratch.path() / "link");
  EXPECT_TRUE(in_place.is_same_input({scratch.path() / "link" / "clip.mp4", 5})) << "another path";
  fs::remove(in_place.path);
  EXPECT_TRUE(in_place.is_same_input(copy));
  const auto again = parse_source(source_text(in_place));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->path, in_place.path);
  EXPECT_EQ(again->size, 5);
  EXPECT_FALSE(parse_source("no number\n/a"));
  EXPECT_FALSE(parse_source(""));
}

TEST(CropRecordsTest, AFolderIsAsLargeAsItsImages) {
  const TemporaryFolder scratch;
  for (const char* name : {"1.jpg", "2.png", "a/02.png"}) scratch.write(concat("x/", name), name);
  VideoFrames images;
  images.folder = scratch.path() / "x" / ".." / "x/";
  images.files = {"1.jpg", "2.png"};
  images.rejected.push_back({2, scratch.path() / "x" / "a" / "02.png", "a duplicate"});
  const auto source = CropSource::of_images(images);
  EXPECT_EQ(source.path, scratch.path() / "x");
  EXPECT_EQ(source.size, 5 + 5 + 8);
}

}  // namespace
}  // namespace mien
