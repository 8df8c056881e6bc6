// Long videos: encoded in parts that a later run takes up.
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
using testing::FakeEncoder;
using testing::files_of;
using testing::holds;
using testing::ImageFolders;
using testing::png_of;
using testing::TemporaryFolder;
using testing::truncated_png;

/// Batches of 2, parts of 4 frames: a video of 11 has 3.
const EncodeOptions kInParts = {.batch_size = 2, .part_frames = 5};

EncodeSummary encode(const ImageFolders& images, FakeEncoder& encoder, const TemporaryFolder& bank,
                     const EncodeOptions& options = kInParts) {
  return encode_videos(images.videos(), encoder, bank.path(), options, {});
}

/// What a run without parts writes.
std::map<std::string, std::string> files_at_once(const ImageFolders& images) {
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank, {.batch_size = 2});
  return files_of(bank.path());
}

/// Encodes until before batch number `batches`, where the power fails.
void encode_until(std::size_t batches, const ImageFolders& images, const TemporaryFolder& bank,
                  const EncodeOptions& options = kInParts) {
  FakeEncoder encoder;
  encoder.before_batch = [batches](std::size_t done) {
    if (done == batches) throw std::runtime_error("power cut");
  };
  EXPECT_THROW(encode(images, encoder, bank, options), std::runtime_error);
}

std::vector<std::string> names_in(const TemporaryFolder& bank) {
  std::vector<std::string> names;
  for (const auto& [name, content] : files_of(bank.path())) names.push_back(name);
  return names;
}

TEST(EncodeParts, GiveTheBytesOfAVideoThatIsEncodedAtOnce) {
  const ImageFolders images({11, 5, 6, 4});
  images.write(0, 2, truncated_png());
  images.write(0, 11, truncated_png());
  images.write("v0/8.png", png_of({1, 1, 1}));  // the same number as 00008.png
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto summary = encode(images, encoder, bank);
  EXPECT_EQ(summary.videos, 4);
  EXPECT_EQ(summary.frames, 24);
  EXPECT_EQ(summary.failed, 3);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, KeepTheNamesOfVideosThatAreNumberedByOrder) {
  const ImageFolders images({});
  for (const char name : {'a', 'b', 'c', 'd', 'e', 'f', 'g'}) {
    images.write(std::string("faces/") + name + ".png", png_of({9, 9, 9}));
  }
  images.write("faces/b.png", "");
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, OfWhichNoImageCanBeUsedGiveAFile) {
  const ImageFolders images({9});
  for (int frame = 1; frame <= 9; ++frame) images.write(0, frame, truncated_png());
  const TemporaryFolder bank;
  FakeEncoder encoder;
  EXPECT_EQ(encode(images, encoder, bank).failed, 9);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, ThatAreWholeAreKeptAndTakenUp) {
  const ImageFolders images({11});
  const TemporaryFolder bank;
  encode_until(5, images, bank);  // in the third part
  EXPECT_TRUE(holds(names_in(bank), {".v0.part-0.safetensors", ".v0.part-1.safetensors"}));
  EXPECT_TRUE(Bank(bank.path()).videos().empty()) << "parts are no videos";
  FakeEncoder second;
  const auto summary = encode(images, second, bank);
  EXPECT_TRUE(holds(second.batch_sizes, {2, 1}));
  EXPECT_EQ(summary.frames, 3) << "made by this run";
  EXPECT_EQ(summary.videos, 1);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, OnlyNeedToBeJoinedWhenAllAreThere) {
  const ImageFolders images({11});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  const auto video = bank.path() / "v0.safetensors";
  fs::create_directory(video);  // so that the video cannot be written
  EXPECT_THROW(encode(images, encoder, bank, {.batch_size = 2, .force = true, .part_frames = 5}),
               InputError);
  fs::remove(video);
  EXPECT_EQ(names_in(bank).size(), 3U);
  FakeEncoder second;
  const auto summary = encode(images, second, bank);
  EXPECT_TRUE(second.batch_sizes.empty());
  EXPECT_EQ(summary.videos, 1);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, GiveTheSameBytesWhereverTheyAreCut) {
  std::mt19937 random(11);
  for (int round = 0; round < 8; ++round) {
    const ImageFolders images({7 + static_cast<int>(random() % 20), 3, 9});
    images.write(0, 1 + static_cast<int>(random() % 7), truncated_png());
    const TemporaryFolder bank;
    for (int cut = 0; cut < 6; ++cut) {
      FakeEncoder fragile;
      const std::size_t last = 2 + random() % 3;  // enough for one part
      fragile.before_batch = [last](std::size_t batches) {
        if (batches >= last) throw std::runtime_error("power cut");
      };
      try {
        encode(images, fragile, bank);
      } catch (const std::runtime_error&) {  // to be continued
      }
    }
    FakeEncoder encoder;
    encode(images, encoder, bank);
    EXPECT_EQ(files_of(bank.path()), files_at_once(images));
  }
}

TEST(EncodeParts, DoNotCareWhenAnotherProcessJoinsAndRemovesThem) {
  const ImageFolders images({13});
  const TemporaryFolder bank;
  encode_until(3, images, bank);
  FakeEncoder encoder;
  encoder.before_batch = [&](std::size_t) {
    for (int part = 0; part < 4; ++part) {
      fs::remove(bank.path() / (".v0.part-" + std::to_string(part) + ".safetensors"));
    }
  };
  encode(images, encoder, bank);
  EXPECT_TRUE(holds(encoder.batch_sizes, {2, 2, 2, 2, 1}));
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, WithFailedFramesAreDoneAnewWhenRetryIsAskedFor) {
  const ImageFolders images({11});
  images.write(0, 6, truncated_png());
  const TemporaryFolder bank;
  encode_until(5, images, bank);
  images.write(0, 6, png_of(testing::colour_of(0, 6)));
  FakeEncoder encoder;
  encode(images, encoder, bank, {.batch_size = 2, .retry_failed = true, .part_frames = 5});
  EXPECT_TRUE(holds(encoder.batch_sizes, {2, 2, 2, 1})) << "the first part stays";
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

TEST(EncodeParts, AreNeverTakenUpByForce) {
  const ImageFolders images({11});
  const TemporaryFolder bank;
  encode_until(5, images, bank);
  images.write(0, 1, png_of({99, 98, 97}));
  const EncodeOptions by_force = {.batch_size = 2, .force = true, .part_frames = 5};
  encode_until(1, images, bank, by_force);
  EXPECT_TRUE(names_in(bank).empty()) << "or the next run would mix old and new";
  FakeEncoder encoder;
  encode(images, encoder, bank, by_force);
  EXPECT_EQ(encoder.batch_sizes.size(), 6U);
  EXPECT_EQ(files_of(bank.path()), files_at_once(images));
}

/// The batches that a run encodes which finds two parts of three after `change`.
template <class Change>
std::size_t batches_after(Change change) {
  const ImageFolders images({11});
  const TemporaryFolder bank;
  encode_until(5, images, bank);
  EncodeOptions options = kInParts;
  FakeEncoder encoder;
  change(images, bank, options, encoder);
  encode(images, encoder, bank, options);
  return encoder.batch_sizes.size();
}

TEST(EncodeParts, AreTakenUpOnlyWhenTheyFit) {
  EXPECT_EQ(batches_after([](auto&...) {}), 2U);
  EXPECT_EQ(batches_after([](auto& images, auto&, auto&, auto&) {
              images.write("v0/5.png", "a second of one number: no other frames");
            }),
            2U);
  EXPECT_EQ(batches_after([](auto& images, auto&, auto&, auto&) {
              fs::rename(images.root() / "v0/00001.png", images.root() / "v0/a00001.png");
            }),
            4U)
      << "another file of the first part";
  EXPECT_EQ(batches_after(
                [](auto& images, auto&, auto&, auto&) { images.write(0, 12, png_of({1, 2, 3})); }),
            2U)
      << "the third part was not there yet";
  EXPECT_EQ(batches_after([](auto&, auto&, auto& options, auto&) { options.every = 2; }), 6U);
  EXPECT_EQ(batches_after([](auto&, auto& bank, auto&, auto&) {
              bank.write(".v0.part-1.safetensors", "damaged");
            }),
            4U);
  EXPECT_EQ(batches_after([](auto&, auto& bank, auto&, auto&) {
              fs::rename(bank.path() / ".v0.part-0.safetensors",
                         bank.path() / ".v0.part-1.safetensors");
            }),
            6U)
      << "neither has its place";
  EXPECT_EQ(batches_after([](auto&, auto& bank, auto&, auto& encoder) {
              fs::remove(bank.path() / "bank.json");
              encoder.info_.file_sha256 = "another encoder";
            }),
            6U);
  EXPECT_EQ(batches_after([](auto&, auto& bank, auto&, auto& encoder) {
              fs::remove(bank.path() / "bank.json");
              encoder.path = "another way to compute";
            }),
            6U);
}

TEST(EncodeParts, OfVideosThatAreDoneAreRemoved) {
  const ImageFolders images({11, 2});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank);
  const auto whole = files_of(bank.path());
  for (const char* name :
       {".v0.part-0.safetensors", ".v0.part-7.safetensors", ".v1.part-0.safetensors"}) {
    bank.write(name, "stale");
  }
  bank.write(".v0.part-x.safetensors", "not a part");
  bank.write(".v9.part-0.safetensors", "of a video that this run does not know");
  encode(images, encoder, bank);
  EXPECT_TRUE(holds(names_in(bank), {".v0.part-x.safetensors", ".v9.part-0.safetensors",
                                     "v0.safetensors", "v1.safetensors"}));
}

/// Stops in the second part, as Ctrl-C does; 130 when the first was kept.
int exit_code_of_a_stopped_run() {
  const ImageFolders images({11});
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encoder.before_batch = [](std::size_t batches) {
    if (batches == 2) std::raise(SIGTERM);
  };
  catch_interrupts();
  try {
    encode(images, encoder, bank);
  } catch (const Interrupted&) {
    return names_in(bank) == std::vector<std::string>{".v0.part-0.safetensors"} ? 130 : 1;
  }
  return 1;
}

TEST(EncodePartsDeathTest, ASignalKeepsFinishedParts) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(exit_code_of_a_stopped_run()), ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace mien
