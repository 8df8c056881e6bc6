#include "mien/encoder/encoder_info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "expectations.h"

namespace mien {
namespace {

using nlohmann::json;
using testing::contains;
using testing::refusal_of;

json good_info() {
  return json::parse(R"({"name": "clip", "image_size": 224, "embedding_dim": 768,
    "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "resize": "bilinear", "source": "here",
    "weights_sha256": "ab", "file_sha256": "cd"})");
}

std::string refusal_with(const std::string& key, const json& value) {
  json object = good_info();
  object[key] = value;
  return refusal_of([&] { encoder_info_from_json(object, "FILE"); });
}

std::string refusal_without(const std::string& key) {
  json object = good_info();
  object.erase(key);
  return refusal_of([&] { encoder_info_from_json(object, "FILE"); });
}

TEST(EncoderInfoJson, IsReadAsItIsWritten) {
  const EncoderInfo info = encoder_info_from_json(good_info(), "FILE");
  EXPECT_EQ(info.name, "clip");
  EXPECT_EQ(info.image_size, 224);
  EXPECT_EQ(info.embedding_dim, 768);
  EXPECT_EQ(info.mean, (std::array<double, 3>{.1, .2, .3}));
  EXPECT_EQ(info.std, (std::array<double, 3>{.4, .5, .6}));
  EXPECT_EQ(info.resize, ResizeFilter::kBilinear);
  EXPECT_EQ(info.source, "here");
  EXPECT_EQ(info.weights_sha256, "ab");
  EXPECT_EQ(info.file_sha256, "cd");
  EXPECT_EQ(to_json(info), good_info());
}

TEST(EncoderInfoJson, KeepsEveryBitOfTheNumbers) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(1e-6, 1);
  for (int i = 0; i < 200; ++i) {
    EncoderInfo info = encoder_info_from_json(good_info(), "FILE");
    for (double& value : info.mean) value = uniform(random);
    for (double& value : info.std) value = uniform(random);
    EXPECT_EQ(encoder_info_from_json(json::parse(to_json(info).dump()), "FILE"), info);
  }
}

TEST(EncoderInfoJson, DoesWithoutSourceAndDigests) {
  json object = good_info();
  for (const char* key : {"source", "weights_sha256", "file_sha256"}) object.erase(key);
  const EncoderInfo info = encoder_info_from_json(object, "FILE");
  EXPECT_EQ(info.source + info.weights_sha256 + info.file_sha256, "");
}

TEST(EncoderInfoJsonRefusal, OfMissingKeysNamesThem) {
  for (const char* key : {"name", "image_size", "embedding_dim", "mean", "std", "resize"}) {
    EXPECT_TRUE(contains(refusal_without(key), std::string("FILE: ") + key + " = (missing): "))
        << key;
  }
}

TEST(EncoderInfoJsonRefusal, OfWrongTypes) {
  EXPECT_EQ(refusal_with("name", 3), "FILE: name = 3: expected a text");
  EXPECT_EQ(refusal_with("image_size", "224"),
            "FILE: image_size = \"224\": expected a whole number");
  EXPECT_EQ(refusal_with("mean", {.1, .2}), "FILE: mean = [0.1,0.2]: expected three numbers");
  EXPECT_EQ(refusal_with("std", "x"), "FILE: std = \"x\": expected three numbers");
  for (const json& object : {json(), json::array(), json("x"), json(3)}) {
    EXPECT_TRUE(contains(refusal_of([&] { encoder_info_from_json(object, "FILE"); }),
                         "FILE = encoder: expected a JSON object"));
  }
}

TEST(EncoderInfoJsonRefusal, OfOptionalKeysOfAWrongType) {
  for (const char* key : {"source", "weights_sha256", "file_sha256"}) {
    EXPECT_EQ(refusal_with(key, 3), std::string("FILE: ") + key + " = 3: expected a text");
  }
}

TEST(EncoderInfoJsonRefusal, OfImpossibleValues) {
  EXPECT_EQ(refusal_with("image_size", 0), "FILE: image_size = 0: expected 1 to 4096");
  EXPECT_EQ(refusal_with("image_size", 4097), "FILE: image_size = 4097: expected 1 to 4096");
  EXPECT_EQ(refusal_with("embedding_dim", 0), "FILE: embedding_dim = 0: expected at least 1");
  EXPECT_EQ(refusal_with("std", {.5, 0, .5}), "FILE: std = 0: expected above 0");
  EXPECT_EQ(refusal_with("std", {-.5, 1, .5}), "FILE: std = -0.5: expected above 0");
  EXPECT_TRUE(contains(refusal_with("resize", "nearest"), "FILE: resize = nearest: expected "));
}

TEST(ParseRgb, TakesThreeNumbers) {
  EXPECT_EQ(parse_rgb(".5,.25,1", "--mean"), (std::array<double, 3>{.5, .25, 1}));
  EXPECT_EQ(parse_rgb(" 0.5 , 1e-1, -2 ", "--mean"), (std::array<double, 3>{.5, .1, -2}));
}

TEST(ParseRgb, RefusesEverythingElseAndNamesTheFlag) {
  for (const char* text :
       {"", "1", "1,2", "1,2,3,4", "1,2,x", "1,,3", "1;2;3", "1,2,nan", "inf,2,3"}) {
    EXPECT_EQ(refusal_of([&] { parse_rgb(text, "--mean"); }),
              std::string("--mean = ") + text + ": expected three numbers r,g,b such as .5,.5,.5");
  }
}

}  // namespace
}  // namespace mien
