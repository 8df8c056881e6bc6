// Small archives are made here to be loaded.
#include <gtest/gtest.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>
#include <random>

#include "expectations.h"
#include "mien/core/digest.h"
#include "mien/encoder/encoder.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr int kSide = 4, kDim = 5;
/// Whatever this machine would prefer.
const EncoderRequest kFp32 = {.dtype = "fp32"};
const EncoderOverrides kHalf = {
    .image_size = kSide, .mean = std::array{.5, .5, .5}, .std = std::array{.25, .5, 1.}};

json info_json() {
  return {{"name", "tiny"},
          {"image_size", kSide},
          {"embedding_dim", kDim},
          {"mean", {.1, .2, .3}},
          {"std", {.5, .25, .125}},
          {"resize", "bicubic"},
          {"source", "made by a test"}};
}

/// An archive whose forward is `body`, with weight [3 * 4 * 4, 5] and, unless empty, a mien.json.
fs::path make_archive(const TemporaryFolder& folder, const std::string& body,
                      const std::string& metadata, const std::string& name = "tiny.pt") {
  torch::manual_seed(3);
  torch::jit::Module module("Tiny");
  module.register_parameter("weight", torch::randn({3 * kSide * kSide, kDim}), false);
  module.define("def forward(self, x):\n  " + body + "\n");
  torch::jit::ExtraFilesMap extra;
  if (!metadata.empty()) extra["mien.json"] = metadata;
  module.save((folder.path() / name).string(), extra);
  return folder.path() / name;
}

const char* const kFlat = "return torch.matmul(x.flatten(1), self.weight).tanh()";
/// The mean of each channel of what reaches the encoder, and twice nothing.
const char* const kMeans = "return torch.cat([x.mean([2, 3]), x.mean([2, 3])[:, :2] * 0], 1)";

std::vector<float> encode(Encoder& encoder, ImageBatch& images) {
  std::vector<float> out(static_cast<std::size_t>(images.count * encoder.info().embedding_dim));
  encoder.encode(images, out);
  return out;
}

ImageBatch random_images(std::int64_t count) {
  std::mt19937 random(9);
  ImageBatch images(count, kSide);
  for (auto& value : images.pixels) value = static_cast<std::uint8_t>(random());
  return images;
}

TEST(LoadEncoder, NormalisesChannelsAsItsMetadataSays) {
  const TemporaryFolder folder;
  const auto encoder = load_encoder(make_archive(folder, kMeans, info_json().dump()), {}, kFp32);
  ImageBatch images(2, kSide);
  for (std::int64_t b = 0; b < 2; ++b) {
    const auto pixels = images.image(b);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<std::uint8_t>(b == 0 ? 10 + 100 * (i % 3) : 255);
    }
  }
  const auto out = encode(*encoder, images);
  const std::array<double, 3> mean = {.1, .2, .3}, std = {.5, .25, .125};
  for (std::size_t c = 0; c < 3; ++c) {
    const double colour = static_cast<double>(10 + 100 * c) / 255;
    EXPECT_NEAR(out[c], (colour - mean[c]) / std[c], 1e-5);
    EXPECT_NEAR(out[kDim + c], (1 - mean[c]) / std[c], 1e-5);
  }
}

TEST(LoadEncoder, GivesTheSameBitsEachTimeItIsLoaded) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kFlat, info_json().dump());
  ImageBatch images = random_images(7);
  const auto first = load_encoder(file, {}, kFp32), second = load_encoder(file, {}, kFp32);
  const auto expected = encode(*first, images);
  for (int round = 0; round < 4; ++round) EXPECT_EQ(encode(*first, images), expected);
  EXPECT_EQ(encode(*second, images), expected);
}

TEST(LoadEncoder, ABatchGivesWhatItsImagesGiveAlone) {
  const TemporaryFolder folder;
  const auto encoder = load_encoder(make_archive(folder, kFlat, info_json().dump()), {}, kFp32);
  for (const std::int64_t count : {1, 2, 5, 16}) {
    ImageBatch images = random_images(count);
    const auto together = encode(*encoder, images);
    for (std::int64_t b = 0; b < count; ++b) {
      ImageBatch single(1, kSide);
      std::ranges::copy(images.image(b), single.image(0).begin());
      const auto alone = encode(*encoder, single);
      for (std::size_t d = 0; d < kDim; ++d) {
        EXPECT_NEAR(together[static_cast<std::size_t>(b) * kDim + d], alone[d], 1e-5);
      }
    }
  }
}

TEST(LoadEncoder, TakesPreprocessingFromTheCommandLine) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kMeans, "", "plain.pt");
  const auto encoder = load_encoder(file, kHalf, kFp32);
  EXPECT_EQ(encoder->info().name, "plain");
  EXPECT_EQ(encoder->info().embedding_dim, kDim) << "found by trying";
  EXPECT_EQ(encoder->info().file_sha256, sha256_of_file(file));
  ImageBatch black(1, kSide);
  const auto out = encode(*encoder, black);
  EXPECT_NEAR(out[0], -2, 1e-6);
  EXPECT_NEAR(out[1], -1, 1e-6);
  EXPECT_NEAR(out[2], -.5, 1e-6);
}

TEST(LoadEncoder, TheCommandLineWinsOverTheMetadata) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kMeans, info_json().dump());
  const EncoderInfo info = read_encoder_info(file, {.mean = std::array{.9, .9, .9}});
  EXPECT_EQ(info.mean[0], .9);
  EXPECT_EQ(info.std[0], .5);
  EXPECT_EQ(info.name, "tiny");
}

TEST(LoadEncoderRefusal, OfFilesThatAreNoArchive) {
  const TemporaryFolder folder;
  for (const char* content : {"", "garbage", "PK\x03\x04 not really a zip"}) {
    const auto file = folder.write("bad.pt", content);
    const std::string expected =
        "--encoder = " + file.string() + ": expected a TorchScript archive (";
    EXPECT_TRUE(contains(refusal_of([&] { load_encoder(file, kHalf, kFp32); }), expected));
    EXPECT_TRUE(contains(refusal_of([&] { read_encoder_info(file, kHalf); }), expected));
  }
}

TEST(LoadEncoderRefusal, OfATruncatedArchive) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kFlat, info_json().dump());
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_TRUE(contains(refusal_of([&] { load_encoder(file, {}, kFp32); }),
                       "expected a TorchScript archive"));
}

TEST(LoadEncoderRefusal, OfAMissingFileNamesTheNearMiss) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kFlat, info_json().dump());
  EXPECT_TRUE(contains(
      refusal_of([&] { load_encoder(folder.path() / "tinny.pt", {}, kFp32); }),
      "does not exist, expected a TorchScript archive; did you mean " + file.string() + "?"));
}

TEST(LoadEncoderRefusal, OfAnArchiveWithoutMetadataOrFlags) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kFlat, "");
  const std::string expected = "--encoder = " + file.string() +
                               ": has no mien.json inside: expected --image-size, --mean and "
                               "--std with it";
  EXPECT_EQ(refusal_of([&] { load_encoder(file, {}, kFp32); }), expected);
  EXPECT_EQ(refusal_of([&] { load_encoder(file, {.image_size = kSide}, kFp32); }), expected);
}

TEST(LoadEncoderRefusal, OfDamagedMetadata) {
  const TemporaryFolder folder;
  const auto no_json = make_archive(folder, kFlat, "{not json", "a.pt");
  EXPECT_TRUE(contains(refusal_of([&] { load_encoder(no_json, {}, kFp32); }),
                       no_json.string() + ": mien.json = encoder: expected a JSON object"));
  json lacking = info_json();
  lacking.erase("mean");
  const auto no_mean = make_archive(folder, kFlat, lacking.dump(), "b.pt");
  EXPECT_TRUE(contains(refusal_of([&] { load_encoder(no_mean, {}, kFp32); }),
                       ": mien.json: mean = (missing): expected three numbers"));
}

TEST(LoadEncoderRefusal, OfAWrongEmbeddingDim) {
  const TemporaryFolder folder;
  json wrong = info_json();
  wrong["embedding_dim"] = 7;
  const auto file = make_archive(folder, kFlat, wrong.dump());
  EXPECT_EQ(refusal_of([&] { load_encoder(file, {}, kFp32); }),
            "--encoder = " + file.string() + ": gives 5 values an image, its mien.json says 7");
}

TEST(LoadEncoderRefusal, OfOutputsThatAreNoEmbeddings) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& body) {
    return refusal_of(
        [&] { load_encoder(make_archive(folder, body, info_json().dump()), {}, kFp32); });
  };
  EXPECT_TRUE(contains(refusal("return x"), "gives an output of 4 dimensions, expected [B, D]"));
  EXPECT_TRUE(contains(refusal("return x.mean()"), "gives an output of 0 dimensions"));
  EXPECT_TRUE(contains(refusal("return (x, x)"), "the output is not one tensor"));
  EXPECT_TRUE(contains(refusal("return torch.matmul(x.flatten(1), self.weight[:3])"),
                       "fails on an input [1, 3, 4, 4] ("));
  EXPECT_TRUE(
      contains(refusal("assert x.size(0) > 9, \"no face\"\n  return x"), "fails on an input"));
}

TEST(LoadEncoderRefusal, OfImpossibleFlags) {
  const TemporaryFolder folder;
  const auto file = make_archive(folder, kFlat, info_json().dump());
  EXPECT_EQ(refusal_of([&] { read_encoder_info(file, {.image_size = 0}); }),
            "--image-size = 0: expected 1 to 4096");
  EXPECT_EQ(refusal_of([&] { read_encoder_info(file, {.std = std::array{1., 0., 1.}}); }),
            "--std = 0: expected numbers above 0");
}

}  // namespace
}  // namespace mien
