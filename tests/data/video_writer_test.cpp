#include "mien/data/video_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <random>
#include <set>

#include "expectations.h"
#include "mien/data/frame_source.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr int kWidth = 64, kHeight = 48;

/// Noise, so that a frame takes some kilobytes.
Image picture(unsigned seed) {
  std::mt19937 random(seed);
  Image image{kWidth, kHeight, {}};
  image.pixels.resize(std::size_t{kWidth} * kHeight * 3);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(random());
  return image;
}

void write_frames(VideoWriter& writer, int count) {
  for (int i = 0; i < count; ++i) writer.write(picture(static_cast<unsigned>(i)));
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

/// No file of this process grows beyond `bytes` while this lives, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit low{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(VideoWriterTest, ItsFileHoldsEveryFrameAndNothingElseStays) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a clip \xC3\xA9.mp4";
  {
    VideoWriter writer(file, "--overlay", kWidth, kHeight, 25);
    write_frames(writer, 7);
    EXPECT_FALSE(fs::exists(file));
    writer.commit();
  }
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{file.filename()});
  const auto video = open_video(file, 1);
  int frames = 0;
  for (Frame frame; video->next(frame); ++frames) EXPECT_EQ(frame.image.width, kWidth);
  EXPECT_EQ(frames, 7);
}

TEST(VideoWriterTest, WithoutACommitTheOldFileStays) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("seen.mp4", "old");
  {
    VideoWriter writer(file, "--overlay", kWidth, kHeight, 25);
    write_frames(writer, 3);
  }
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"seen.mp4"});
  EXPECT_EQ(fs::file_size(file), 3U);
}

TEST(VideoWriterTest, SaysWhenTheDiskIsFull) {
  for (const rlim_t room : {rlim_t{0}, rlim_t{4000}, rlim_t{60'000}}) {
    const TemporaryFolder folder;
    const fs::path file = folder.write("seen.mp4", "old");
    const FullDisk full(room);
    const std::string refusal = refusal_of([&] {
      VideoWriter writer(file, "--overlay", kWidth, kHeight, 25);
      write_frames(writer, 100);
      writer.commit();
    });
    EXPECT_TRUE(contains(refusal, "--overlay = " + file.string() + ": cannot be written"));
    EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"seen.mp4"});
    EXPECT_EQ(fs::file_size(file), 3U) << "the old one";
  }
}

TEST(VideoWriterTest, RefusesAVideoWithoutAFrame) {
  const TemporaryFolder folder;
  VideoWriter writer(folder.path() / "seen.mp4", "--overlay", kWidth, kHeight, 25);
  EXPECT_TRUE(contains(refusal_of([&] { writer.commit(); }), "0 of 0 frames"));
  EXPECT_FALSE(fs::exists(folder.path() / "seen.mp4"));
}

TEST(VideoWriterTest, NamesTheFlagWhenTheFolderIsMissing) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "missing" / "seen.mp4";
  EXPECT_TRUE(contains(refusal_of([&] { VideoWriter(file, "--overlay", kWidth, kHeight, 25); }),
                       "--overlay = " + file.string()));
  EXPECT_FALSE(fs::exists(file.parent_path()));
}

TEST(VideoWriterTest, SweepsWhatAKilledOneLeftLongAgo) {
  const TemporaryFolder folder;
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  const fs::path left = folder.path() / (std::string(".seen.mp4.") + host.data() +
                                         ".99999999.0123abcd.tmp");  // no process is called so
  fs::last_write_time(folder.write(left.filename() / "video.mp4", "half"),
                      fs::file_time_type::clock::now() - 48h);
  fs::last_write_time(left, fs::file_time_type::clock::now() - 48h);
  {
    const VideoWriter writer(folder.path() / "seen.mp4", "--overlay", kWidth, kHeight, 25);
    const auto names = names_in(folder.path());
    ASSERT_EQ(names.size(), 1U) << "its own";
    EXPECT_FALSE(names.contains(left.filename()));
    EXPECT_TRUE(names.begin()->starts_with(".seen.mp4.")) << *names.begin();
  }
  EXPECT_TRUE(names_in(folder.path()).empty());
}

}  // namespace
}  // namespace mien
