#include "mien/data/frame_source.h"

#include <gtest/gtest.h>

#include "data/sample_images.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::baseline_jpeg;
using testing::png;
using testing::TemporaryFolder;

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RequireImage, LooksAtTheFirstBytesOnly) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& content) {
    return refusal([&] { require_image(folder.write("photo", content)); });
  };
  EXPECT_EQ(says(baseline_jpeg()), "accepted");
  EXPECT_EQ(says(png().substr(0, 12)), "accepted") << "whether it is whole shows later";
  EXPECT_EQ(says(""), "empty file");
  EXPECT_EQ(says("hello, world"), "not a JPEG or PNG image, nor WebP, BMP, TIFF, HEIC or AVIF");
  EXPECT_EQ(says(png().substr(0, 5)), "truncated");
  EXPECT_EQ(refusal([&] { require_image(folder.path()); }), "not a file");
  EXPECT_EQ(refusal([&] { require_image(folder.path() / "no"); }),
            "cannot be read (No such file or directory)");
}

TEST(OpenImage, DecodesOnceAndHoldsThePictureUntilItIsTaken) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("photo.png", png());
  const auto source = open_image(file);
  fs::remove(file);
  EXPECT_EQ(source->expected(), 1);
  Frame frame;
  ASSERT_TRUE(source->next(frame));
  EXPECT_EQ(frame.number, 1);
  EXPECT_EQ(frame.problem, "");
  EXPECT_EQ(frame.image.width, 3);
  EXPECT_FALSE(source->next(frame));
  EXPECT_EQ(refusal([&] { open_image(folder.write("cut.png", png().substr(0, 40))); }),
            "truncated");
}

TEST(OpenImages, GivesThoseWithoutANumberOfTheirOwnAReasonAtTheEnd) {
  const TemporaryFolder folder;
  for (const char* name :
       {"day1_07.png", "day2_07.png", "day1_09.png", "cover.png", "day1_00.png"}) {
    folder.write(name, png());
  }
  const auto source = open_images(list_videos({folder.path()}).front());
  EXPECT_EQ(source->expected(), 5);
  std::vector<std::string> seen;
  for (Frame frame; source->next(frame);) {
    seen.push_back(std::to_string(frame.number) + " " +
                   (frame.problem.empty() ? std::to_string(frame.image.width) : frame.problem));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"0 3", "7 3", "9 3",
                                            "-1 no frame number in the name: cover.png",
                                            "7 duplicate frame number: day2_07.png"}));
}

TEST(OpenVideo, SaysWhyAFileCannotBeUsed) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal([&] { open_video(folder.path() / "no.mp4", 1); }),
            "cannot be read (No such file or directory)");
  EXPECT_EQ(refusal([&] { open_video(folder.write("notes.mp4", "not a video\n"), 1); }),
            "not a video that can be decoded");
}

}  // namespace
}  // namespace mien
