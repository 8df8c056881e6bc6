#include "mien/bank/verify.h"

#include <gtest/gtest.h>

#include <limits>

#include "bank/bank_folder.h"
#include "bank/image_folders.h"
#include "expectations.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::BankFolder;
using testing::contains;
using testing::frames_up_to;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr std::int64_t kDim = 4;

/// A bank beside the images that it was made of: v0 has 6 frames, v1 has 3.
struct World {
  TemporaryFolder images;
  BankFolder bank{kDim};

  World() {
    for (const int frame : frames_up_to(6)) images.write("v0/" + testing::frame_name(frame), "x");
    for (const int frame : frames_up_to(3)) images.write("v1/" + testing::frame_name(frame), "x");
    bank.add("v0", frames_up_to(6));
    bank.add("v1", frames_up_to(3));
  }

  BankExpectation expected() const { return expect_images({images.path().string()}); }
  BankFindings verify() const { return verify_bank(bank.bank(), expected()); }
};

/// A record of `frames`, each with the values 1, 2, 3, 4.
VideoRecord record_of(const std::vector<std::int32_t>& frames) {
  VideoRecord record{.frames = frames};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for (const float value : {1.F, 2.F, 3.F, 4.F}) {
      record.embeddings.push_back(half_from_float(value));
    }
  }
  return record;
}

TEST(VerifyBank, AWholeBankIsComplete) {
  World world;
  const BankFindings found = world.verify();
  EXPECT_TRUE(found.problems.empty());
  EXPECT_EQ(found.complete, true);
  EXPECT_EQ(found.videos, 2);
  EXPECT_EQ(found.frames, 9);
  EXPECT_EQ(found.failed, 0);
}

TEST(VerifyBank, RecordedFailuresAreNoProblem) {
  World world;
  VideoRecord record = record_of({1, 2, 4, 6});
  record.failed = {{3, "/v0/3.png", "truncated"}, {5, "/v0/5.png", "no picture"}};
  world.bank.add("v0", record);
  const BankFindings found = world.verify();
  EXPECT_TRUE(found.problems.empty());
  EXPECT_EQ(found.complete, true);
  EXPECT_EQ(found.failed, 2);
  ASSERT_EQ(found.failures.size(), 2U);
  EXPECT_EQ(found.failures[1].video, "v0");
  EXPECT_EQ(found.failures[1].frame.frame, 5);
}

TEST(VerifyBank, CountsImagesWithoutAnEmbedding) {
  World world;
  world.bank.add("v0", record_of({1, 3, 5}));
  world.bank.add("v1", record_of({1, 3}));
  const BankFindings found = world.verify();
  EXPECT_EQ(found.images_without_embedding, 4);
  EXPECT_EQ(found.complete, false);
  EXPECT_TRUE(
      holds(found.problems, {"v0.safetensors: 3 images have no embedding, the first is frame 2",
                             "v1.safetensors: 1 image has no embedding: frame 2"}));
}

TEST(VerifyBank, CountsEmbeddingsWithoutAnImage) {
  World world;
  world.bank.add("v1", record_of({1, 2, 3, 17, 18}));
  world.bank.add("stranger", record_of({5}));
  const BankFindings found = world.verify();
  EXPECT_EQ(found.frames_without_image, 3);
  EXPECT_EQ(found.complete, true);
  EXPECT_TRUE(
      holds(found.problems, {"stranger.safetensors: 1 embedding has no image: frame 5",
                             "v1.safetensors: 2 embeddings have no image, the first is frame 17"}));
}

TEST(VerifyBank, ExpectsOnlyEveryKthImageOfAFileThatSaysSo) {
  World world;
  VideoRecord record = record_of({1, 4});
  record.every = 3;
  world.bank.add("v0", record);
  EXPECT_TRUE(world.verify().problems.empty());
  record.every = 2;  // 1, 3, 5
  world.bank.add("v0", record);
  EXPECT_TRUE(holds(world.verify().problems,
                    {"v0.safetensors: 2 images have no embedding, the first is frame 3"}));
  record.every = 0;
  world.bank.add("v0", record);
  EXPECT_TRUE(contains(world.verify().problems.at(0), "metadata every is 0, expected at least 1"));
}

TEST(VerifyBank, NamesVideosWithoutAFile) {
  World world;
  fs::remove(world.bank.path() / "v0.safetensors");
  const BankFindings found = world.verify();
  EXPECT_EQ(found.complete, false);
  EXPECT_TRUE(holds(found.missing_videos, {"v0"}));
  EXPECT_TRUE(holds(found.problems, {"v0.safetensors: there is no such file yet for 6 images"}));
}

TEST(VerifyBank, FindsRowsThatAreNotFinite) {
  World world;
  VideoRecord record = record_of({1, 2, 3});
  record.embeddings[5] = half_from_float(std::numeric_limits<float>::quiet_NaN());
  record.embeddings[11] = half_from_float(1e6F);
  world.bank.add("v1", record);
  const BankFindings found = world.verify();
  EXPECT_EQ(found.non_finite_rows, 2);
  EXPECT_TRUE(
      holds(found.problems, {"v1.safetensors: 2 embeddings are not finite, the first is frame 2"}));
}

TEST(VerifyBank, FindsRowsOfOneValue) {
  World world;
  VideoRecord record = record_of({1, 2, 3});
  for (std::size_t d = 0; d < 4; ++d) record.embeddings[d] = half_from_float(.5F);
  for (std::size_t d = 0; d < 4; ++d) record.embeddings[8 + d] = d % 2 ? 0x8000 : 0;  // -0, 0
  world.bank.add("v1", record);
  const BankFindings found = world.verify();
  EXPECT_EQ(found.constant_rows, 2);
  EXPECT_TRUE(holds(found.problems,
                    {"v1.safetensors: 2 embeddings are one value throughout, the first is frame "
                     "1"}));
}

TEST(VerifyBank, OneValueIsAllThatOneDimensionHas) {
  const TemporaryFolder images;
  images.write("v/00001.png", "x");
  BankFolder bank(1);
  bank.add("v", frames_up_to(1));
  const BankFindings found = verify_bank(bank.bank(), expect_images({images.path().string()}));
  EXPECT_TRUE(found.problems.empty());
}

/// The only problem of a bank whose v1 is replaced by `content`.
BankFindings with_file(const std::string& content) {
  World world;
  std::ofstream(world.bank.path() / "v1.safetensors", std::ios::binary) << content;
  return world.verify();
}

TEST(VerifyBank, FindsFilesThatCannotBeRead) {
  World world;
  const fs::path file = world.bank.path() / "v1.safetensors";
  std::ifstream in(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (const std::string& content : {whole.substr(0, whole.size() - 1), whole.substr(0, 20),
                                     std::string(), whole + "x", std::string("PK no tensors")}) {
    const BankFindings found = with_file(content);
    EXPECT_TRUE(holds(found.unreadable_files, {"v1.safetensors"}));
    ASSERT_EQ(found.problems.size(), 1U);
    EXPECT_TRUE(contains(found.problems[0], "v1.safetensors: "));
    EXPECT_EQ(found.complete, false);
    EXPECT_EQ(found.frames, 6) << "the other file is counted";
  }
}

TEST(VerifyBank, FindsFilesOfAnotherDimensionAndOtherTensors) {
  World world;
  BankFolder other(kDim + 1);
  other.add("v0", frames_up_to(6));
  fs::copy_file(other.path() / "v0.safetensors", world.bank.path() / "v0.safetensors",
                fs::copy_options::overwrite_existing);
  const std::vector<float> weights(8);
  write_safetensors(world.bank.path() / "v1.safetensors",
                    {{"weights", view_of(DType::kF32, {8}, weights)}}, {});
  fs::create_directory(world.bank.path() / "folder.safetensors");
  const BankFindings found = world.verify();
  EXPECT_TRUE(
      holds(found.unreadable_files, {"folder.safetensors", "v0.safetensors", "v1.safetensors"}));
  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_TRUE(contains(found.problems[1], "embeddings [6, 5], expected [6, 4]"));
  EXPECT_TRUE(contains(found.problems[2], "has no tensor frames"));
}

TEST(VerifyBank, ForeignEntriesAreProblemsAndTemporariesAreNot) {
  World world;
  for (const char* name : {"notes.txt", "v0.safetensors.bak", ".bank.json.123.tmp",
                           ".v7.safetensors.9.tmp", ".v7.part-0-64", ".DS_Store"}) {
    std::ofstream(world.bank.path() / name) << "x";
  }
  fs::create_directory(world.bank.path() / "nested");
  const BankFindings found = world.verify();
  EXPECT_TRUE(holds(found.foreign_files, {"nested", "notes.txt", "v0.safetensors.bak"}));
  EXPECT_TRUE(holds(found.temporary_files,
                    {".bank.json.123.tmp", ".v7.part-0-64", ".v7.safetensors.9.tmp"}));
  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_EQ(found.problems[1], "notes.txt: is no file of a bank");
  EXPECT_EQ(found.complete, true);
}

TEST(VerifyBank, ASubsetIsHeldAgainstItsNamesOnly) {
  World world;
  world.images.write("v2/00001.png", "x");
  world.bank.add("elsewhere", record_of({1}));
  BankExpectation expected = world.expected();
  restrict_to(expected, {"v1", "v0", "v1"});
  EXPECT_TRUE(verify_bank(world.bank.bank(), expected).problems.empty());
  restrict_to(expected, {"v1", "vx"});
  const BankFindings found = verify_bank(world.bank.bank(), expected);
  EXPECT_TRUE(holds(found.problems, {"vx.safetensors: there is no such file yet"}));
  EXPECT_EQ(found.complete, false);
}

TEST(VerifyBank, WithoutImagesOnlyTheFilesAreJudged) {
  World world;
  world.bank.add("v1", record_of({1, 99}));
  BankExpectation expected = expect_sources({});
  BankFindings found = verify_bank(world.bank.bank(), expected);
  EXPECT_EQ(found.complete, std::nullopt);
  EXPECT_TRUE(found.problems.empty());
  restrict_to(expected, {"v1", "v8"});
  found = verify_bank(world.bank.bank(), expected);
  EXPECT_TRUE(holds(found.missing_videos, {"v8"})) << "a name needs no images to be missed";
  EXPECT_EQ(found.complete, std::nullopt);
}

TEST(ReadBankHeaders, DoesNotLookAtRowsOrImages) {
  World world;
  VideoRecord record = record_of({1});
  record.embeddings[0] = half_from_float(std::numeric_limits<float>::infinity());
  world.bank.add("v1", record);
  std::ofstream(world.bank.path() / "notes.txt") << "x";
  const BankFindings found = read_bank_headers(world.bank.bank());
  EXPECT_TRUE(found.problems.empty());
  EXPECT_EQ(found.frames, 7);
  EXPECT_EQ(found.complete, std::nullopt);
}

TEST(ExpectSources, TakesTheFirstRootThatHasAVideo) {
  World world;
  const TemporaryFolder more;
  more.write("v1/00009.png", "x");
  more.write("v2/00001.png", "x");
  const BankExpectation expected =
      expect_sources({world.images.path().string(), more.path().string()});
  EXPECT_TRUE(expected.has_images);
  ASSERT_EQ(expected.videos.size(), 3U);
  EXPECT_EQ(expected.videos[1].numbers.size(), 3U);
}

TEST(ExpectSources, ARootThatIsGoneOrEmptyIsNamed) {
  World world;
  const TemporaryFolder empty;
  const std::string gone = (world.images.path() / "gone").string();
  const BankExpectation moved = expect_sources({world.images.path().string(), gone});
  EXPECT_FALSE(moved.has_images);
  EXPECT_TRUE(holds(moved.sources_missing, {gone}));
  const BankExpectation unmounted = expect_sources({empty.path().string()});
  EXPECT_FALSE(unmounted.has_images);
  EXPECT_TRUE(holds(unmounted.sources_missing, {empty.path().string()}));
}

TEST(ExpectImages, RefusesARootThatIsNotThere) {
  World world;
  EXPECT_TRUE(
      contains(refusal_of([&] { expect_images({world.images.path() / "gone"}); }), "--images = "));
}

}  // namespace
}  // namespace mien
