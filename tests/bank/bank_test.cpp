#include "mien/bank/bank.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "bank/fake_encoder.h"
#include "expectations.h"
#include "mien/core/files.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::contains;
using testing::FakeEncoder;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

/// A bank of dimension 4 without videos.
void make_bank(const TemporaryFolder& folder) {
  write_bank_info(folder.path(), {FakeEncoder().info_, {"/images"}, {}});
}

/// The message about a bank.json in which `key` is `value` (erased when discarded).
std::string refusal_with(const std::string& key, const json& value) {
  const TemporaryFolder folder;
  make_bank(folder);
  json object = json::parse(read_text(folder.path() / "bank.json"));
  object[json::json_pointer(key)] = value;
  folder.write("bank.json", object.dump());
  const std::string message = refusal_of([&] { Bank bank(folder.path()); });
  EXPECT_TRUE(contains(message, "bank.json"));
  return message;
}

/// The message about a video's file that holds these.
std::string video_refusal(const TensorMap& tensors, const Metadata& metadata) {
  const TemporaryFolder folder;
  make_bank(folder);
  write_safetensors(folder.path() / "v.safetensors", tensors, metadata);
  const std::string message = refusal_of([&] { Bank(folder.path()).open("v"); });
  EXPECT_TRUE(message == "accepted" ||
              contains(message, (folder.path() / "v.safetensors").string()));
  return message;
}

const std::vector<std::uint16_t> kHalves(40, 0x3c00);
const std::vector<std::int32_t> kFrames = {1, 2, 5, 9};

TensorMap tensors_of(const std::vector<std::int32_t>& frames, std::int64_t rows, std::int64_t dim) {
  static std::vector<std::uint16_t> halves;
  halves.assign(static_cast<std::size_t>(rows * dim), 0x3c00);
  return {{"frames", view_of(DType::kI32, {std::ssize(frames)}, frames)},
          {"embeddings", view_of(DType::kF16, {rows, dim}, halves)}};
}

TEST(BankTest, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  std::mt19937 random(1);
  const EncoderInfo encoder = FakeEncoder().info_;
  const BankInfo info{encoder, {"/a", "/b"}, BankCompute{"fp32", "a path", 16, 2}};
  write_bank_info(folder.path(), info);
  std::vector<VideoRecord> records;
  for (int v = 0; v < 10; ++v) {
    VideoRecord& record = records.emplace_back();
    std::int32_t frame = 0;
    for (std::uint32_t n = random() % 30; n > 0; --n) {
      frame += 1 + static_cast<std::int32_t>(random() % 3);
      record.frames.push_back(frame);
      for (int d = 0; d < 4; ++d) record.embeddings.push_back(static_cast<std::uint16_t>(random()));
    }
    record.failed = {{3, "/p/\"3\".png", "truncated"}, {5'000'000'000, "x\n", "number"}};
    record.every = 1 + v;
    write_video(folder.path(), "video " + std::to_string(v), record, 4);
  }
  const Bank bank(folder.path());
  EXPECT_EQ(bank.info().encoder, encoder);
  EXPECT_EQ(bank.info().sources, info.sources);
  EXPECT_EQ(bank.info().compute, info.compute);
  ASSERT_EQ(bank.videos().size(), 10U);
  for (std::size_t v = 0; v < 10; ++v) {
    const VideoEmbeddings video = bank.open("video " + std::to_string(v));
    EXPECT_TRUE(std::ranges::equal(video.frames(), records[v].frames));
    EXPECT_TRUE(std::ranges::equal(video.embeddings(), records[v].embeddings));
    EXPECT_EQ(video.every(), records[v].every);
    ASSERT_EQ(video.failed().size(), 2U);
    EXPECT_EQ(video.failed()[0].path, "/p/\"3\".png");
    EXPECT_EQ(video.failed()[0].reason, "truncated");
    EXPECT_EQ(video.failed()[1].frame, 5'000'000'000);
  }
}

TEST(BankTest, ItsJsonHoldsTheKeysOfTheContract) {
  const TemporaryFolder folder;
  make_bank(folder);
  const json object = json::parse(read_text(folder.path() / "bank.json"));
  EXPECT_EQ(object["format"], "mien-bank");
  EXPECT_EQ(object["version"], 1);
  EXPECT_EQ(object["embedding_dim"], 4);
  EXPECT_EQ(object["dtype"], "F16");
  EXPECT_EQ(object["sources"], json({"/images"}));
  EXPECT_EQ(object["encoder"]["file_sha256"], "22");
  EXPECT_FALSE(object.contains("compute"));
  EXPECT_FALSE(Bank(folder.path()).info().compute.has_value());
}

TEST(BankTest, ListsVideosInByteOrderAndIgnoresDotFiles) {
  const TemporaryFolder folder;
  make_bank(folder);
  for (const char* name : {"b", "a", "B", "a.c", ".hidden"}) {
    write_video(folder.path(), name, {}, 4);
  }
  folder.write(".v.safetensors.123.tmp", "half");
  folder.write("notes.txt", "");
  const Bank bank(folder.path());
  EXPECT_TRUE(holds(bank.videos(), {"B", "a", "a.c", "b"}));
  EXPECT_TRUE(bank.has("a.c"));
  EXPECT_FALSE(bank.has(".hidden"));
  EXPECT_FALSE(bank.has("c"));
}

TEST(BankTest, ItsDigestChangesWithItsFiles) {
  const TemporaryFolder folder;
  make_bank(folder);
  const auto digest = [&] { return Bank(folder.path()).state_digest(); };
  const std::string empty = digest();
  write_video(folder.path(), "a", {}, 4);
  const std::string one = digest();
  EXPECT_NE(one, empty);
  EXPECT_EQ(digest(), one);
  VideoRecord record;
  record.frames = {1};
  record.embeddings.resize(4);
  write_video(folder.path(), "a", record, 4);
  const std::string larger = digest();
  EXPECT_NE(larger, one);
  fs::last_write_time(folder.path() / "a.safetensors",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_NE(digest(), larger) << "same size, another time";
  fs::rename(folder.path() / "a.safetensors", folder.path() / "b.safetensors");
  EXPECT_NE(digest(), larger);
}

TEST(BankRefusal, OfFoldersThatAreNoBank) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_bank(folder.path()));
  EXPECT_EQ(
      refusal_of([&] { Bank bank(folder.path()); }),
      "bank = " + folder.path().string() + ": expected a folder with bank.json (mien encode)");
  EXPECT_TRUE(contains(refusal_of([&] { Bank bank(folder.path() / "no"); }),
                       "does not exist, expected a folder that mien encode made"));
}

TEST(BankRefusal, OfAnotherFormat) {
  const std::string expected = "expected JSON with \"format\": \"mien-bank\"";
  EXPECT_TRUE(contains(refusal_with("/format", "other"), expected));
  EXPECT_TRUE(contains(refusal_with("/format", 3), expected));
  EXPECT_TRUE(contains(refusal_with("", json::array()), expected));
  const TemporaryFolder folder;
  for (const char* text : {"", "{", "[]", "\"mien-bank\""}) {
    folder.write("bank.json", text);
    EXPECT_TRUE(contains(refusal_of([&] { Bank bank(folder.path()); }), expected)) << text;
  }
}

TEST(BankRefusal, OfAnotherVersion) {
  EXPECT_TRUE(contains(refusal_with("/version", 2),
                       "version = 2: expected 1; another version of mien made this bank"));
  EXPECT_TRUE(contains(refusal_with("/version", "1"), "version = \"1\": expected 1"));
}

TEST(BankRefusal, OfADamagedEncoder) {
  EXPECT_TRUE(contains(refusal_with("/encoder", nullptr), "expected a JSON object"));
  EXPECT_TRUE(contains(refusal_with("/encoder/mean", "x"), "mean = \"x\": expected three numbers"));
}

TEST(BankRefusal, OfADimensionThatIsNotTheEncoders) {
  EXPECT_TRUE(contains(refusal_with("/embedding_dim", 5),
                       "embedding_dim = 5: expected 4, as its encoder gives"));
  EXPECT_TRUE(contains(refusal_with("/embedding_dim", "4"), "embedding_dim = \"4\": expected 4"));
}

TEST(BankRefusal, OfDamagedSourcesAndCompute) {
  EXPECT_TRUE(contains(refusal_with("/sources", 3), "sources = 3: expected a list of texts"));
  EXPECT_TRUE(contains(refusal_with("/compute", {{"dtype", "fp32"}}),
                       "expected dtype, path, batch_size and threads"));
}

TEST(VideoRefusal, OfAnotherDimensionOrNumberOfRows) {
  EXPECT_TRUE(
      contains(video_refusal(tensors_of(kFrames, 4, 5), {}), "embeddings [4, 5], expected [4, 4]"));
  EXPECT_TRUE(
      contains(video_refusal(tensors_of(kFrames, 3, 4), {}), "embeddings [3, 4], expected [4, 4]"));
}

TEST(VideoRefusal, OfFramesThatDoNotAscend) {
  const std::vector<std::int32_t> repeated = {1, 2, 2}, falling = {1, 3, 2};
  EXPECT_TRUE(contains(video_refusal(tensors_of(repeated, 3, 4), {}),
                       "frame 2 follows frame 2, expected ascending frames"));
  EXPECT_TRUE(contains(video_refusal(tensors_of(falling, 3, 4), {}),
                       "frame 2 follows frame 3, expected ascending frames"));
}

TEST(VideoRefusal, OfMissingOrOtherTensors) {
  TensorMap tensors = tensors_of(kFrames, 4, 4);
  tensors.erase("frames");
  EXPECT_TRUE(contains(video_refusal(tensors, {}), "has no tensor frames"));
  tensors["frames"] = view_of(DType::kU32, {4}, kFrames);
  EXPECT_TRUE(contains(video_refusal(tensors, {}), "expected I32 with 1"));
}

TEST(VideoRefusal, OfDamagedMetadata) {
  const auto tensors = tensors_of(kFrames, 4, 4);
  for (const char* text : {"no json", "3", "[1]", R"([{"frame": 1}])",
                           R"([{"frame": "x", "path": "p", "reason": "r"}])"}) {
    EXPECT_TRUE(contains(video_refusal(tensors, {{"failed", text}}),
                         "metadata failed is not a list of frame, path, reason"))
        << text;
  }
  EXPECT_TRUE(
      contains(video_refusal(tensors, {{"every", "two"}}), "metadata every is no whole number"));
  EXPECT_EQ(video_refusal(tensors, {}), "accepted") << "an imported video has no metadata";
}

TEST(VideoRefusal, OfATruncatedFile) {
  const TemporaryFolder folder;
  make_bank(folder);
  write_safetensors(folder.path() / "v.safetensors", tensors_of(kFrames, 4, 4), {});
  fs::resize_file(folder.path() / "v.safetensors", 100);
  EXPECT_TRUE(contains(refusal_of([&] { Bank(folder.path()).open("v"); }),
                       (folder.path() / "v.safetensors").string()));
}

}  // namespace
}  // namespace mien
