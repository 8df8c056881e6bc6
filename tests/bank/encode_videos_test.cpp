#include "mien/bank/encode_videos.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "bank/fake_encoder.h"
#include "bank/image_folders.h"
#include "data/sample_images.h"
#include "expectations.h"
#include "mien/bank/bank.h"

namespace mien {
namespace {

using testing::colour_of;
using testing::contains;
using testing::FakeEncoder;
using testing::files_of;
using testing::holds;
using testing::ImageFolders;
using testing::png_of;
using testing::TemporaryFolder;
using testing::truncated_png;

EncodeSummary encode(const ImageFolders& images, FakeEncoder& encoder, const TemporaryFolder& bank,
                     const EncodeOptions& options) {
  return encode_videos(images.videos(), encoder, bank.path(), options, {images.root().string()});
}

std::vector<float> embedding(const VideoEmbeddings& video, std::size_t row) {
  std::vector<float> values;
  for (std::size_t d = 0; d < 4; ++d) {
    values.push_back(float_from_half(video.embeddings()[4 * row + d]));
  }
  return values;
}

/// What the fake gives for the image at `place` of a video of `frames` images.
std::vector<float> expected_embedding(int video, int frame, int place, int frames, int batch_size) {
  const auto colour = colour_of(video, frame);
  const int first = place / batch_size * batch_size;
  const int count = std::min(batch_size, frames - first);
  return {static_cast<float>(colour[0]), static_cast<float>(colour[1]),
          static_cast<float>(colour[2]), static_cast<float>(32 * count + place - first)};
}

TEST(EncodeVideos, WritesEveryFramesEmbedding) {
  const ImageFolders images({5, 3});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto summary = encode(images, encoder, bank, {.batch_size = 2});
  EXPECT_EQ(summary.videos, 2);
  EXPECT_EQ(summary.frames, 8);
  EXPECT_EQ(summary.failed, 0);
  EXPECT_EQ(summary.skipped_videos, 0);
  EXPECT_LE(summary.encoder_seconds, summary.seconds);
  const Bank made(bank.path());
  EXPECT_TRUE(holds(made.videos(), {"v0", "v1"}));
  for (int v = 0; v < 2; ++v) {
    const VideoEmbeddings video = made.open("v" + std::to_string(v));
    const int frames = v == 0 ? 5 : 3;
    ASSERT_EQ(video.frames().size(), static_cast<std::size_t>(frames));
    EXPECT_TRUE(video.failed().empty());
    for (int i = 0; i < frames; ++i) {
      EXPECT_EQ(video.frames()[static_cast<std::size_t>(i)], i + 1);
      EXPECT_EQ(embedding(video, static_cast<std::size_t>(i)),
                expected_embedding(v, i + 1, i, frames, 2));
    }
  }
}

TEST(EncodeVideos, RecordsEncoderSourcesAndHowTheNumbersAreMade) {
  const ImageFolders images({1});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {.batch_size = 7, .threads = 3});
  const BankInfo info = Bank(bank.path()).info();
  EXPECT_EQ(info.encoder, encoder.info());
  EXPECT_TRUE(holds(info.sources, {images.root().string()}));
  EXPECT_EQ(info.compute, (BankCompute{"fp32", "fake-path", 7, 3}));
}

TEST(EncodeVideos, BatchesNeverCrossAVideo) {
  const ImageFolders images({5, 1, 4});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {.batch_size = 3});
  EXPECT_TRUE(holds(encoder.batch_sizes, {3, 2, 1, 3, 1}));
}

TEST(EncodeVideos, TakesJpegAndPng) {
  const ImageFolders images({2});
  images.write("v0/00003.JPG", testing::baseline_jpeg());
  const TemporaryFolder bank;
  FakeEncoder encoder;
  EXPECT_EQ(encode(images, encoder, bank, {}).frames, 3);
  EXPECT_TRUE(std::ranges::equal(Bank(bank.path()).open("v0").frames(), std::vector{1, 2, 3}));
}

TEST(EncodeVideos, AFailedFrameIsRecordedAndKeepsItsSlot) {
  const ImageFolders images({5});
  const auto bad = images.write(0, 2, truncated_png());
  images.write(0, 4, "no image at all");
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto summary = encode(images, encoder, bank, {.batch_size = 3});
  EXPECT_EQ(summary.frames, 3);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_TRUE(holds(encoder.batch_sizes, {3, 2}));
  const VideoEmbeddings video = Bank(bank.path()).open("v0");
  EXPECT_TRUE(std::ranges::equal(video.frames(), std::vector{1, 3, 5}));
  EXPECT_EQ(embedding(video, 1), expected_embedding(0, 3, 2, 5, 3));
  EXPECT_EQ(embedding(video, 2), expected_embedding(0, 5, 4, 5, 3));
  ASSERT_EQ(video.failed().size(), 2U);
  EXPECT_EQ(video.failed()[0].frame, 2);
  EXPECT_EQ(video.failed()[0].path, bad.string());
  EXPECT_FALSE(video.failed()[0].reason.empty());
  EXPECT_EQ(video.failed()[1].frame, 4);
}

/// Listed, and then gone or replaced by what cannot be read as a file.
TEST(EncodeVideos, AnImageThatVanishesAfterTheListingIsAFailedFrame) {
  const ImageFolders images({4});
  const auto videos = images.videos();
  const auto gone = images.root() / "v0/00002.png", folder = images.root() / "v0/00003.png";
  std::filesystem::remove(gone);
  std::filesystem::remove(folder);
  std::filesystem::create_directory(folder);
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto summary = encode_videos(videos, encoder, bank.path(), {}, {});
  EXPECT_EQ(summary.frames, 2);
  const VideoEmbeddings video = Bank(bank.path()).open("v0");
  EXPECT_TRUE(std::ranges::equal(video.frames(), std::vector{1, 4}));
  ASSERT_EQ(video.failed().size(), 2U);
  EXPECT_TRUE(contains(video.failed()[0].reason, "cannot be read"));
  EXPECT_TRUE(contains(video.failed()[1].reason, "not a file"));
}

TEST(EncodeVideos, AVideoWhoseImagesAllFailedStillGetsAFile) {
  const ImageFolders images({2});
  for (int frame : {1, 2}) images.write(0, frame, truncated_png());
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto summary = encode(images, encoder, bank, {});
  EXPECT_EQ(summary.videos, 1);
  EXPECT_EQ(summary.frames, 0);
  const VideoEmbeddings video = Bank(bank.path()).open("v0");
  EXPECT_TRUE(video.frames().empty());
  EXPECT_EQ(video.failed().size(), 2U);
  EXPECT_EQ(encode(images, encoder, bank, {}).skipped_videos, 1) << "and is not tried for ever";
}

TEST(EncodeVideos, AnOutputThatIsNotFiniteIsAFailedFrame) {
  const ImageFolders images({4});
  images.write(0, 2, png_of({254, 0, 0}));  // too large for fp16
  images.write(0, 3, png_of({255, 0, 0}));  // not a number
  const TemporaryFolder bank;
  FakeEncoder encoder;
  EXPECT_EQ(encode(images, encoder, bank, {}).failed, 2);
  const VideoEmbeddings video = Bank(bank.path()).open("v0");
  EXPECT_TRUE(std::ranges::equal(video.frames(), std::vector{1, 4}));
  ASSERT_EQ(video.failed().size(), 2U);
  for (const FailedFrame& failed : video.failed()) {
    EXPECT_EQ(failed.reason, "embedding is not finite");
  }
  EXPECT_EQ(embedding(video, 1), expected_embedding(0, 4, 3, 4, 16));
}

TEST(EncodeVideos, RecordsRejectedImagesInTheOrderOfTheirFrames) {
  const ImageFolders images({3});
  images.write("v0/2.png", png_of({1, 1, 1}));  // the same number as 00002.png
  images.write("v0/00001.jpg", "");             // the same number as 00001.png, and empty
  const TemporaryFolder bank;
  FakeEncoder encoder;
  EXPECT_EQ(encode(images, encoder, bank, {}).failed, 3);
  const auto failed = Bank(bank.path()).open("v0").failed();
  ASSERT_EQ(failed.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(failed, {}, &FailedFrame::frame));
  EXPECT_TRUE(std::ranges::any_of(failed, [](const FailedFrame& f) {
    return f.frame == 2 && f.reason == "duplicate frame number" && f.path.ends_with("/2.png");
  }));
}

TEST(EncodeVideos, KeepsTheNamesOfVideosThatAreNumberedByOrder) {
  const ImageFolders images({});
  for (const char* name : {"faces/ann.png", "faces/bob.png", "faces/cid.png"}) {
    images.write(name, png_of({9, 9, 9}));
  }
  images.write("faces/bob.png", truncated_png());
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {});
  const SafetensorsFile file(bank.path() / "faces.safetensors");
  EXPECT_EQ(nlohmann::json::parse(file.metadata_value("names")),
            nlohmann::json({{"1", "ann.png"}, {"3", "cid.png"}}));
}

TEST(EncodeVideos, NumberedVideosNeedNoNames) {
  const ImageFolders images({2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {});
  EXPECT_FALSE(SafetensorsFile(bank.path() / "v0.safetensors").metadata().contains("names"));
}

TEST(EncodeVideos, EveryKthFrameIsRecordedAsSuch) {
  const ImageFolders images({7});
  auto videos = images.videos();
  keep_every(videos, 3);
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode_videos(videos, encoder, bank.path(), {.batch_size = 2, .every = 3}, {});
  const VideoEmbeddings video = Bank(bank.path()).open("v0");
  EXPECT_TRUE(std::ranges::equal(video.frames(), std::vector{1, 4, 7}));
  EXPECT_EQ(video.every(), 3);
  EXPECT_EQ(embedding(video, 2), expected_embedding(0, 7, 2, 3, 2));
}

TEST(EncodeVideos, LeavesNoTemporaries) {
  const ImageFolders images({3, 2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {});
  for (const auto& [name, content] : files_of(bank.path())) {
    EXPECT_FALSE(name.starts_with('.')) << name;
  }
}

}  // namespace
}  // namespace mien
