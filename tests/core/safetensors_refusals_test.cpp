// What SafetensorsFile must not accept: files are input, and may say anything.
#include <gtest/gtest.h>

#include <random>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/safetensors.h"
#include "raw_safetensors.h"

namespace mien {
namespace {

using testing::contains;
using testing::raw_safetensors;
using testing::refusal_of;
using testing::TemporaryFolder;

std::string refusal_of_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path = folder.write("damaged.safetensors", bytes);
  const std::string message = refusal_of([&] { SafetensorsFile file(path); });
  EXPECT_TRUE(message == "accepted" || contains(message, path.string()));
  return message;
}

std::string refusal(const std::string& header, const std::string& data = {}) {
  return refusal_of_bytes(raw_safetensors(header, data));
}

TEST(SafetensorsRefusal, OfAMissingFileNamesIt) {
  EXPECT_TRUE(contains(refusal_of([] { SafetensorsFile file("/nowhere/x.safetensors"); }),
                       "file = /nowhere/x.safetensors: cannot be read"));
}

TEST(SafetensorsRefusal, OfFilesShorterThanTheLength) {
  EXPECT_TRUE(contains(refusal_of_bytes(""), "expected at least 8 bytes, the file has 0"));
  EXPECT_TRUE(contains(refusal_of_bytes("1234567"), "expected at least 8 bytes, the file has 7"));
}

TEST(SafetensorsRefusal, OfAHeaderLongerThanTheFile) {
  std::string bytes = raw_safetensors("{}");
  bytes[0] = 3;
  EXPECT_TRUE(contains(refusal_of_bytes(bytes), "the header's length is 3, the file has 10 bytes"));
  EXPECT_TRUE(contains(refusal_of_bytes(std::string(16, '\xff')),
                       "the header's length is 18446744073709551615"));
}

TEST(SafetensorsRefusal, OfAHeaderThatIsNoJsonObject) {
  for (const char* header : {"", "{", "[]", "3", "null", "{\"a\":}", "\"text\"", "{}}"}) {
    EXPECT_TRUE(contains(refusal(header), "the header is not a JSON object")) << header;
  }
}

TEST(SafetensorsRefusal, OfAHeaderNestedWithoutEnd) {
  EXPECT_TRUE(contains(refusal(std::string(20000, '[')), "the header is not a JSON object"));
}

TEST(SafetensorsRefusal, OfUnknownDTypes) {
  EXPECT_TRUE(
      contains(refusal(R"({"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "a"),
               "tensor x has the unknown dtype F8_E4M3"));
  EXPECT_TRUE(contains(refusal(R"({"x":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}})", "abcd"),
                       "tensor x has the unknown dtype f32"));
}

TEST(SafetensorsRefusal, OfEntriesWithoutDTypeShapeOrOffsets) {
  const std::string problem = "tensor x lacks dtype, shape or data_offsets";
  for (const char* header :
       {R"({"x":{"shape":[1],"data_offsets":[0,1]}})", R"({"x":{"dtype":"U8","shape":[1]}})",
        R"({"x":{"dtype":"U8","data_offsets":[0,1]}})", R"({"x":[1]})", R"({"x":null})",
        R"({"x":{"dtype":7,"shape":[1],"data_offsets":[0,1]}})"}) {
    EXPECT_TRUE(contains(refusal(header, "a"), problem)) << header;
  }
}

TEST(SafetensorsRefusal, OfShapesThatAreNoShapes) {
  const auto with_shape = [](const std::string& shape) {
    return refusal(R"({"x":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":[0,1]}})", "a");
  };
  EXPECT_TRUE(contains(with_shape("1"), "tensor x has a shape that is no list"));
  EXPECT_TRUE(contains(with_shape("[-1]"), "tensor x has a negative dimension"));
  EXPECT_TRUE(contains(with_shape("[-1,-1]"), "tensor x has a negative dimension"));
  EXPECT_TRUE(contains(with_shape("[1.0]"), "tensor x has a negative dimension"));
  EXPECT_TRUE(contains(with_shape("[\"1\"]"), "tensor x has a negative dimension"));
}

TEST(SafetensorsRefusal, OfShapesThatOverflow) {
  const auto with_shape = [](const std::string& shape) {
    return refusal(R"({"x":{"dtype":"F64","shape":)" + shape + R"(,"data_offsets":[0,0]}})");
  };
  const std::string problem = "tensor x has a shape that overflows";
  EXPECT_TRUE(contains(with_shape("[4294967296,4294967296]"), problem));
  EXPECT_TRUE(contains(with_shape("[2305843009213693952]"), problem)) << "wraps to 0 bytes";
  EXPECT_TRUE(contains(with_shape("[18446744073709551615]"), problem));
}

TEST(SafetensorsRefusal, OfOffsetsThatAreNotTwoNumbers) {
  const std::string problem = "tensor x has data_offsets that are not two numbers";
  for (const char* offsets : {"[0]", "[0,1,2]", "3", "[-1,0]", "[0,1.5]", "[null,1]"}) {
    EXPECT_TRUE(contains(
        refusal(std::string(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":)") + offsets + "}}",
                "a"),
        problem))
        << offsets;
  }
}

TEST(SafetensorsRefusal, OfOffsetsOutsideTheFile) {
  EXPECT_TRUE(contains(refusal(R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abc"),
                       "tensor x ends at byte 4 of 3: the file is truncated or damaged"));
  EXPECT_TRUE(contains(refusal(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", "abc"),
                       "truncated or damaged"));
}

TEST(SafetensorsRefusal, OfOffsetsThatDisagreeWithTheShape) {
  EXPECT_TRUE(contains(refusal(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "abcd"),
                       "tensor x has 4 bytes, its shape needs 8"));
  EXPECT_TRUE(contains(refusal(R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,2]}})", "ab"),
                       "tensor x has 2 bytes, its shape needs 1"));
}

TEST(SafetensorsRefusal, OfOverlapsHolesAndBytesLeftOver) {
  const auto two = [](const std::string& a, const std::string& b) {
    return refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + a +
                       R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + b + "}}",
                   "abcde");
  };
  EXPECT_TRUE(contains(two("[0,2]", "[1,3]"), "two tensors overlap at byte 1"));
  EXPECT_TRUE(contains(two("[0,2]", "[0,2]"), "two tensors overlap at byte 0"));
  EXPECT_TRUE(contains(two("[0,2]", "[3,5]"), "there is a hole at byte 2"));
  EXPECT_TRUE(contains(two("[3,5]", "[1,3]"), "there is a hole at byte 0"));
  EXPECT_TRUE(contains(two("[2,4]", "[0,2]"), "1 bytes belong to no tensor"));
  EXPECT_TRUE(contains(refusal("{}", "x"), "1 bytes belong to no tensor"));
}

TEST(SafetensorsRefusal, OfMetadataThatIsNoText) {
  EXPECT_TRUE(contains(refusal(R"({"__metadata__":[]})"), "__metadata__ is not an object"));
  EXPECT_TRUE(contains(refusal(R"({"__metadata__":{"k":3}})"), "__metadata__.k is not a text"));
  EXPECT_TRUE(contains(refusal(R"({"__metadata__":{"k":{}}})"), "__metadata__.k is not a text"));
}

/// A file of several tensors to be damaged.
std::string sample_file(const TemporaryFolder& folder) {
  const std::vector<double> wide = {1, 2, 3};
  const std::vector<std::uint16_t> narrow = {1, 2, 3, 4, 5, 6};
  write_safetensors(
      folder.path() / "good",
      {{"wide", view_of(DType::kF64, {3}, wide)}, {"narrow", view_of(DType::kF16, {2, 3}, narrow)}},
      {{"key", "value"}});
  return read_text(folder.path() / "good");
}

TEST(SafetensorsRefusal, OfEveryTruncation) {
  const TemporaryFolder folder;
  const std::string good = sample_file(folder);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto path = folder.write("cut", good.substr(0, size));
    EXPECT_THROW(SafetensorsFile{path}, InputError) << size;
  }
}

TEST(SafetensorsRefusal, DamagedBytesAreRefusedOrReadWithoutHarm) {
  const TemporaryFolder folder;
  const std::string good = sample_file(folder);
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    for (std::uint32_t flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const auto path = folder.write("flipped", bytes);
    try {
      const SafetensorsFile file(path);
      for (const auto& [name, view] : file.tensors()) {
        std::int64_t product = 1;
        for (const std::int64_t size : view.shape) product *= size;
        EXPECT_EQ(product, view.elements());
        for (const std::byte value : view.bytes) EXPECT_LE(static_cast<int>(value), 255);
      }
    } catch (const InputError& error) {
      EXPECT_TRUE(contains(error.what(), path.string()));
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace mien
