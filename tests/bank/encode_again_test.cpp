// Runs over a bank that is there already: resumed, repeated, refused.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "bank/fake_encoder.h"
#include "bank/image_folders.h"
#include "expectations.h"
#include "mien/bank/bank.h"
#include "mien/bank/encode_videos.h"
#include "mien/core/error.h"
#include "mien/core/interrupt.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::FakeEncoder;
using testing::files_of;
using testing::ImageFolders;
using testing::png_of;
using testing::refusal_of;
using testing::TemporaryFolder;
using testing::truncated_png;

EncodeSummary encode(const ImageFolders& images, FakeEncoder& encoder, const TemporaryFolder& bank,
                     const EncodeOptions& options = {.batch_size = 3}) {
  return encode_videos(images.videos(), encoder, bank.path(), options, {images.root().string()});
}

TEST(EncodeAgain, SkipsWhatIsThere) {
  const ImageFolders images({4, 2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  const auto before = files_of(bank.path());
  const auto time = fs::last_write_time(bank.path() / "v0.safetensors");
  FakeEncoder second;
  const auto summary = encode(images, second, bank);
  EXPECT_EQ(summary.videos, 0);
  EXPECT_EQ(summary.frames, 0);
  EXPECT_EQ(summary.skipped_videos, 2);
  EXPECT_TRUE(second.batch_sizes.empty());
  EXPECT_EQ(files_of(bank.path()), before);
  EXPECT_EQ(fs::last_write_time(bank.path() / "v0.safetensors"), time);
}

TEST(EncodeAgain, GivesTheSameBytesHoweverTheJobIsCut) {
  std::mt19937 random(31);
  for (int round = 0; round < 12; ++round) {
    std::vector<int> frames(1 + random() % 4);
    for (int& count : frames) count = 1 + static_cast<int>(random() % 9);
    const ImageFolders images(frames);
    for (std::size_t v = 0; v < frames.size(); ++v) {
      if (random() % 2 == 0) images.write(static_cast<int>(v), 1, truncated_png());
    }
    const std::int64_t batch_size = 1 + random() % 4;
    const TemporaryFolder whole, cut, sharded;
    FakeEncoder encoder;
    encode(images, encoder, whole, {.batch_size = batch_size, .workers = 1});

    for (bool done = false; !done;) {  // interrupted again and again
      FakeEncoder fragile;
      const std::size_t last = 9 + random() % 4;  // enough for any one video
      fragile.before_batch = [last](std::size_t batches) {
        if (batches >= last) throw std::runtime_error("power cut");
      };
      try {
        encode(images, fragile, cut,
               {.batch_size = batch_size, .workers = 1 + static_cast<std::int64_t>(random() % 4)});
        done = true;
      } catch (const std::runtime_error&) {
        EXPECT_LE(files_of(cut.path()).size(), frames.size());
      }
    }
    EXPECT_EQ(files_of(cut.path()), files_of(whole.path()));

    const auto videos = images.videos();  // one video a run, in the other order
    for (auto video = videos.rbegin(); video != videos.rend(); ++video) {
      encode_videos({*video}, encoder, sharded.path(), {.batch_size = batch_size}, {});
    }
    EXPECT_EQ(files_of(sharded.path()), files_of(whole.path()));
  }
}

TEST(EncodeAgain, AnInterruptedVideoLeavesNoFile) {
  const ImageFolders images({2, 6});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encoder.before_batch = [](std::size_t batches) {
    if (batches == 2) throw std::runtime_error("power cut");
  };
  EXPECT_THROW(encode(images, encoder, bank), std::runtime_error);
  const auto files = files_of(bank.path());
  EXPECT_EQ(files.size(), 1U);
  EXPECT_TRUE(files.contains("v0.safetensors"));
}

/// Stops after the first video, as Ctrl-C does; 130 when that video alone was kept.
int exit_code_of_a_stopped_run() {
  const ImageFolders images({2, 6});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encoder.before_batch = [](std::size_t batches) {
    if (batches == 1) std::raise(SIGTERM);
  };
  catch_interrupts();
  try {
    encode(images, encoder, bank);
  } catch (const Interrupted& stop) {
    std::fputs(stop.what(), stderr);
    const auto files = files_of(bank.path());
    return files.size() == 1 && files.contains("v0.safetensors") ? 130 : 1;
  }
  return 1;
}

TEST(EncodeDeathTest, ASignalKeepsFinishedVideos) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(exit_code_of_a_stopped_run()), ::testing::ExitedWithCode(130),
              "finished videos are kept; the same command goes on from there");
}

TEST(EncodeAgain, RetriesVideosWithFailedFramesWhenAsked) {
  const ImageFolders images({3, 3});
  const std::string good = png_of({7, 7, 7});
  images.write(1, 2, truncated_png());
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  images.write(1, 2, good);
  EXPECT_EQ(encode(images, encoder, bank).videos, 0) << "not unless it is asked for";
  const auto summary = encode(images, encoder, bank, {.batch_size = 3, .retry_failed = true});
  EXPECT_EQ(summary.videos, 1);
  EXPECT_EQ(summary.skipped_videos, 1);
  EXPECT_EQ(summary.frames, 3);
  EXPECT_TRUE(Bank(bank.path()).open("v1").failed().empty());
}

TEST(EncodeAgain, EncodesEverythingAnewWhenForced) {
  const ImageFolders images({3});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  images.write(0, 1, png_of({99, 98, 97}));
  const auto summary = encode(images, encoder, bank, {.batch_size = 3, .force = true});
  EXPECT_EQ(summary.videos, 1);
  EXPECT_EQ(float_from_half(Bank(bank.path()).open("v0").embeddings()[0]), 99);
}

TEST(EncodeAgain, AddsNewSourcesOnce) {
  const ImageFolders first({1}), second({1, 1});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(first, encoder, bank);
  encode(second, encoder, bank);
  encode(first, encoder, bank);
  EXPECT_EQ(Bank(bank.path()).info().sources,
            (std::vector{first.root().string(), second.root().string()}));
}

/// The message of a second run that `change` makes differ from the first.
template <class Change>
std::string refusal_after(Change change) {
  const ImageFolders images({2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  const auto before = files_of(bank.path());
  EncodeOptions options = {.batch_size = 3};
  change(encoder, options);
  encoder.batch_sizes.clear();
  const std::string message = refusal_of([&] { encode(images, encoder, bank, options); });
  EXPECT_TRUE(encoder.batch_sizes.empty());
  EXPECT_EQ(files_of(bank.path()), before);
  return message;
}

TEST(EncodeRefusal, OfAnotherEncoder) {
  const std::string message = refusal_after([](FakeEncoder& encoder, EncodeOptions&) {
    encoder.info_.name = "other";
    encoder.info_.file_sha256 = "33";
  });
  EXPECT_TRUE(contains(message, "--encoder = other: the bank "));
  EXPECT_TRUE(contains(message, "was made by fake (another file)"));
}

TEST(EncodeRefusal, OfAnotherPreprocessing) {
  const std::string expected =
      "was made with another preprocessing (image size, mean, std or "
      "resize)";
  const auto with = [](auto change) {
    return refusal_after([&](FakeEncoder& encoder, EncodeOptions&) { change(encoder.info_); });
  };
  EXPECT_TRUE(contains(with([](EncoderInfo& info) { info.image_size = 5; }), expected));
  EXPECT_TRUE(contains(with([](EncoderInfo& info) { info.mean[1] = .4; }), expected));
  EXPECT_TRUE(contains(with([](EncoderInfo& info) { info.std[2] = .4; }), expected));
  EXPECT_TRUE(
      contains(with([](EncoderInfo& info) { info.resize = ResizeFilter::kBilinear; }), expected));
}

TEST(EncodeRefusal, OfAnotherBatchSize) {
  const std::string message =
      refusal_after([](FakeEncoder&, EncodeOptions& options) { options.batch_size = 4; });
  EXPECT_TRUE(contains(message, "--batch-size = 4: expected 3, as "));
  EXPECT_TRUE(contains(message, "bank.json says"));
}

TEST(EncodeRefusal, OfAnotherPath) {
  const std::string message =
      refusal_after([](FakeEncoder& encoder, EncodeOptions&) { encoder.path = "new-path"; });
  EXPECT_TRUE(contains(message, "--encoder = fake: would run by new-path in fp32, "));
  EXPECT_TRUE(contains(message, "bank.json says fake-path"));
}

TEST(EncodeRefusal, OfAnotherEveryNamesBoth) {
  const std::string message =
      refusal_after([](FakeEncoder&, EncodeOptions& options) { options.every = 2; });
  EXPECT_TRUE(contains(message, "--every = 2: "));
  EXPECT_TRUE(contains(message,
                       "v0.safetensors was made with --every 1; expected that or "
                       "--force"));
}

TEST(EncodeRefusal, OfADamagedVideoNamesItsFile) {
  const ImageFolders images({2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  bank.write("v0.safetensors", "damaged");
  EXPECT_TRUE(contains(refusal_of([&] { encode(images, encoder, bank); }),
                       (bank.path() / "v0.safetensors").string()));
}

TEST(EncodeRefusal, OfABankThatIsAFile) {
  const ImageFolders images({1});
  const TemporaryFolder folder;
  const auto file = folder.write("bank", "");
  FakeEncoder encoder;
  EXPECT_TRUE(contains(refusal_of([&] { encode_videos(images.videos(), encoder, file, {}, {}); }),
                       "--bank = " + file.string() + ": cannot make this folder"));
}

}  // namespace
}  // namespace mien
