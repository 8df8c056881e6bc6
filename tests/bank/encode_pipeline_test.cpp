// How batches reach the encoder: ahead of it, several at a time, whole or as squares.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "bank/fake_encoder.h"
#include "bank/image_folders.h"
#include "expectations.h"
#include "mien/bank/bank.h"
#include "mien/bank/encode_videos.h"
#include "mien/core/error.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::FakeEncoder;
using testing::files_of;
using testing::holds;
using testing::ImageFolders;
using testing::png_of;
using testing::refusal_of;
using testing::TemporaryFolder;
using testing::truncated_png;
using Side = std::array<std::int64_t, 2>;

EncodeSummary encode(const ImageFolders& images, FakeEncoder& encoder, const fs::path& bank,
                     const EncodeOptions& options) {
  return encode_videos(images.videos(), encoder, bank, options, {});
}

/// The files that an encoder of squares makes of the images.
std::map<std::string, std::string> files_by_squares(const ImageFolders& images) {
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encode(images, encoder, bank.path(), {.batch_size = 3});
  EXPECT_TRUE(std::ranges::all_of(encoder.sides, [](Side side) { return side == Side{4, 4}; }));
  return files_of(bank.path());
}

/// The sides of the batches that an encoder gets which takes whole images; the numbers must be
/// those of squares.
std::vector<Side> sides_of_whole(const ImageFolders& images) {
  const TemporaryFolder bank;
  FakeEncoder encoder;
  encoder.takes_whole_images = true;
  encode(images, encoder, bank.path(), {.batch_size = 3, .workers = 4});
  EXPECT_EQ(files_of(bank.path()), files_by_squares(images));
  return encoder.sides;
}

TEST(WholeImages, OfOneSizeAreHandedOverAsTheyAre) {
  EXPECT_TRUE(holds(sides_of_whole(ImageFolders({5})), {Side{5, 6}, Side{5, 6}}));
}

TEST(WholeImages, OfSeveralSizesAreResizedFirst) {
  const ImageFolders images({6});
  images.write(0, 2, png_of({9, 8, 7}, 5, 6));
  EXPECT_TRUE(holds(sides_of_whole(images), {Side{4, 4}, Side{5, 6}}));
}

TEST(WholeImages, ThatAreLargerThanTheEncoderTakesAreResizedFirst) {
  const ImageFolders images({});
  images.write(0, 1, png_of({9, 8, 7}, 1024, 8));
  images.write(1, 1, png_of({9, 8, 7}, 1025, 8));
  EXPECT_TRUE(holds(sides_of_whole(images), {Side{8, 1024}, Side{4, 4}}));
}

TEST(WholeImages, AFailedOneKeepsItsSlotWithoutChangingTheSize) {
  const ImageFolders images({5});
  images.write(0, 1, truncated_png());
  images.write(0, 5, "no image at all");
  EXPECT_TRUE(holds(sides_of_whole(images), {Side{5, 6}, Side{5, 6}}));
}

TEST(WholeImages, ABatchWithoutAGoodOneIsOfSquares) {
  const ImageFolders images({3});
  for (int frame : {1, 2, 3}) images.write(0, frame, truncated_png());
  EXPECT_TRUE(holds(sides_of_whole(images), {Side{4, 4}}));
}

TEST(WholeImages, OfRandomSizesGiveTheSameNumbers) {
  std::mt19937 random(5);
  const ImageFolders images({});
  for (int video = 0; video < 20; ++video) {
    const int sizes = 1 + static_cast<int>(random() % 3);
    for (int frame = 1; frame <= 7; ++frame) {
      const auto side = static_cast<std::uint32_t>(3 + random() % static_cast<unsigned>(sizes));
      images.write(video, frame, png_of(testing::colour_of(video, frame), side, 5));
    }
  }
  EXPECT_EQ(sides_of_whole(images).size(), 60U);
}

/// Works only when it is asked for an answer, as a device does that has a queue.
class QueueEncoder : public FakeEncoder {
 public:
  PendingEmbeddings start(const ImageBatch& images) override {
    most_started = std::max(most_started, ++started);
    ++starts;
    return [this, &images](std::span<float> embeddings) {
      --started;
      ++answers;
      encode(images, embeddings);
    };
  }

  int started = 0, most_started = 0, starts = 0, answers = 0;
};

TEST(BatchesUnderWay, AreAsManyAsTheEncoderLikesAndKeepTheirImages) {
  const ImageFolders images({32, 1, 30});
  for (const int most : {1, 2, 5}) {
    const TemporaryFolder bank;
    QueueEncoder encoder;
    encoder.most_under_way = most;
    // Slower than the images come, for so long that they are there at some time.
    encoder.before_batch = [](std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
    encode(images, encoder, bank.path(), {.batch_size = 3, .workers = 2});
    EXPECT_EQ(encoder.most_started, most);
    EXPECT_EQ(encoder.batch_sizes.size(), 22U);
    EXPECT_EQ(files_of(bank.path()), files_by_squares(images));
  }
}

TEST(BatchesUnderWay, AreAllAnsweredWhenOneFails) {
  const ImageFolders images({12});
  const TemporaryFolder bank;
  QueueEncoder encoder;
  encoder.most_under_way = 3;
  encoder.before_batch = [](std::size_t batches) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    if (batches == 1) throw std::runtime_error("device lost");
  };
  EXPECT_THROW(encode(images, encoder, bank.path(), {.batch_size = 2}), std::runtime_error);
  EXPECT_EQ(encoder.starts, encoder.answers);
  EXPECT_TRUE(files_of(bank.path()).empty());
}

TEST(EncodePipeline, SaysHowLongTheEncoderWaitedForImages) {
  const ImageFolders images({8});
  const TemporaryFolder fast_bank, slow_bank;
  FakeEncoder fast, slow;
  slow.before_batch = [](std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  const auto waited = encode(images, fast, fast_bank.path(), {.batch_size = 1});
  EXPECT_GT(waited.waiting_seconds, 0);
  EXPECT_LE(waited.waiting_seconds + waited.encoder_seconds, waited.seconds);
  const auto busy = encode(images, slow, slow_bank.path(), {.batch_size = 1});
  EXPECT_LT(busy.waiting_seconds, .5 * busy.seconds);
  EXPECT_GE(busy.encoder_seconds, .4);
}

TEST(EncodePipeline, AFileThatCannotBeWrittenEndsTheJobAndKeepsTheOthers) {
  const ImageFolders images({2, 2, 2});
  const TemporaryFolder bank;
  bank.write("v1.safetensors/taken", "by a folder");
  FakeEncoder encoder;
  const std::string message =
      refusal_of([&] { encode(images, encoder, bank.path(), {.force = true}); });
  EXPECT_TRUE(contains(message, (bank.path() / "v1.safetensors").string()));
  EXPECT_TRUE(contains(message, "v1.safetensors: expected a file name, this is a folder"));
  EXPECT_TRUE(fs::is_regular_file(bank.path() / "v0.safetensors"));
}

TEST(EncodePipeline, RemovesTemporariesOfRunsThatDiedLongAgo) {
  const ImageFolders images({1});
  const TemporaryFolder bank;
  const auto old = bank.write(".v0.safetensors.99.0123abcd.tmp", "half");
  const auto young = bank.write(".v0.safetensors.98.0123abcd.tmp", "half");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::minutes(61));
  FakeEncoder encoder;
  encode(images, encoder, bank.path(), {});
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
}

}  // namespace
}  // namespace mien
