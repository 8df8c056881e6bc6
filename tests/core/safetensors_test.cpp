#include "mien/core/safetensors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "expectations.h"
#include "mien/core/files.h"
#include "raw_safetensors.h"

namespace mien {
namespace {

using testing::contains;
using testing::raw_safetensors;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr std::array<DType, 13> kAllDTypes = {
    DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kI64, DType::kI32, DType::kI16,
    DType::kI8,  DType::kU64, DType::kU32, DType::kU16,  DType::kU8,  DType::kBool};

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::byte& value : bytes) value = static_cast<std::byte>(random() & 255);
  return bytes;
}

/// The header as any other reader would see it.
nlohmann::json header_of(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  return nlohmann::json::parse(file.substr(8, length));
}

TEST(Safetensors, RoundTripsEveryDTypeWithRandomShapes) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    TensorMap tensors;
    std::vector<std::vector<std::byte>> keep;
    keep.reserve(kAllDTypes.size());
    for (const DType dtype : kAllDTypes) {
      std::vector<std::int64_t> shape(random() % 4);
      std::size_t elements = 1;
      for (auto& size : shape) {
        size = random() % 5;
        elements *= static_cast<std::size_t>(size);
      }
      keep.push_back(random_bytes(random, elements * dtype_size(dtype)));
      tensors[dtype_name(dtype) + "." + std::to_string(round)] = {dtype, shape, keep.back()};
    }
    const auto file = folder.path() / "t.safetensors";
    write_safetensors(file, tensors, {{"round", std::to_string(round)}});
    const SafetensorsFile read(file);
    ASSERT_EQ(read.tensors().size(), tensors.size());
    for (const auto& [name, view] : tensors) {
      const TensorView& found = read.tensors().at(name);
      EXPECT_EQ(found.dtype, view.dtype);
      EXPECT_EQ(found.shape, view.shape);
      EXPECT_TRUE(
          std::equal(found.bytes.begin(), found.bytes.end(), view.bytes.begin(), view.bytes.end()))
          << name;
    }
    EXPECT_EQ(read.metadata_value("round"), std::to_string(round));
  }
}

TEST(Safetensors, DTypesHaveTheFormatsNamesAndSizes) {
  const std::vector<std::pair<std::string, std::size_t>> expected = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
      {"I8", 1},  {"U64", 8}, {"U32", 4}, {"U16", 2},  {"U8", 1},  {"BOOL", 1}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(dtype_name(kAllDTypes[i]), expected[i].first);
    EXPECT_EQ(dtype_size(kAllDTypes[i]), expected[i].second);
  }
}

TEST(Safetensors, WritesTheSameBytesForTheSameContent) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const auto write = [&](const std::string& name) {
    TensorMap tensors;
    tensors["b"] = view_of(DType::kF32, {3}, std::vector<float>(values.begin(), values.end()));
    tensors["b"] = view_of(DType::kF32, {2, 3}, values);
    tensors["a"] = view_of(DType::kF32, {6}, values);
    write_safetensors(folder.path() / name, tensors, {{"k", "v"}, {"a", "b"}});
    return read_text(folder.path() / name);
  };
  EXPECT_EQ(write("one"), write("two"));
}

TEST(Safetensors, PutsWideElementsFirstSoThatEveryTensorIsAligned) {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> bytes = {1, 2, 3};
  const std::vector<std::uint16_t> halves = {4, 5, 6};
  const std::vector<std::int64_t> longs = {7};
  const auto file = folder.path() / "t";
  write_safetensors(file,
                    {{"a", view_of(DType::kU8, {3}, bytes)},
                     {"b", view_of(DType::kF16, {3}, halves)},
                     {"c", view_of(DType::kI64, {1}, longs)},
                     {"aa", view_of(DType::kF16, {3}, halves)}},
                    {});
  const std::string text = read_text(file);
  const auto header = header_of(text);
  EXPECT_EQ(header["c"]["data_offsets"], nlohmann::json({0, 8}));
  EXPECT_EQ(header["aa"]["data_offsets"], nlohmann::json({8, 14}));
  EXPECT_EQ(header["b"]["data_offsets"], nlohmann::json({14, 20}));
  EXPECT_EQ(header["a"]["data_offsets"], nlohmann::json({20, 23}));
  EXPECT_EQ((text.size() - 23) % 8, 0U) << "the data starts at a multiple of 8";
}

TEST(Safetensors, WritesNoMetadataEntryWithoutMetadata) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "t", {}, {});
  EXPECT_FALSE(header_of(read_text(folder.path() / "t")).contains("__metadata__"));
  const SafetensorsFile file(folder.path() / "t");
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_TRUE(file.metadata().empty());
}

TEST(Safetensors, ReadsUnalignedTensorsOfOtherWritersRight) {
  const TemporaryFolder folder;
  const std::vector<double> numbers = {3.25, -1e300};
  std::string data = "\x01\x02\x03";
  data.append(reinterpret_cast<const char*>(numbers.data()), 16);
  const auto path =
      folder.write("t", raw_safetensors(R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                                        R"("d":{"dtype":"F64","shape":[2],"data_offsets":[3,19]}})",
                                        data));
  const SafetensorsFile file(path);
  const auto found = file.tensor("d", DType::kF64, 1).as<double>();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(found.data()) % alignof(double), 0U);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], 3.25);
  EXPECT_EQ(found[1], -1e300);
  EXPECT_EQ(file.tensor("b", DType::kU8, 1).as<std::uint8_t>()[2], 3);
}

TEST(Safetensors, AcceptsEmptyTensorsAnywhere) {
  const TemporaryFolder folder;
  const auto path = folder.write(
      "t", raw_safetensors(R"({"e":{"dtype":"F32","shape":[0,7],"data_offsets":[2,2]},)"
                           R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                           R"("f":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                           "ab"));
  const SafetensorsFile file(path);
  EXPECT_EQ(file.tensor("e", DType::kF32, 2).elements(), 0);
  EXPECT_EQ(file.tensor("f", DType::kF32, 1).elements(), 0);
}

TEST(Safetensors, AScalarHasNoDimensionsAndOneElement) {
  const TemporaryFolder folder;
  const std::vector<float> one = {2.5F};
  write_safetensors(folder.path() / "t", {{"s", view_of(DType::kF32, {}, one)}}, {});
  const SafetensorsFile file(folder.path() / "t");
  EXPECT_EQ(file.tensor("s", DType::kF32, 0).elements(), 1);
  EXPECT_EQ(file.tensor("s", DType::kF32, 0).as<float>()[0], 2.5F);
}

TEST(Safetensors, AsksForTensorsByNameDTypeAndRank) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  const auto path = folder.path() / "t.safetensors";
  write_safetensors(path, {{"x", view_of(DType::kF32, {2}, values)}}, {});
  const SafetensorsFile file(path);
  EXPECT_TRUE(contains(refusal_of([&] { file.tensor("y", DType::kF32, 1); }),
                       path.string() + ": has no tensor y"));
  EXPECT_TRUE(contains(refusal_of([&] { file.tensor("x", DType::kF16, 1); }),
                       "tensor x is F32 with 1 dimensions, expected F16 with 1"));
  EXPECT_TRUE(contains(refusal_of([&] { file.tensor("x", DType::kF32, 2); }),
                       "tensor x is F32 with 1 dimensions, expected F32 with 2"));
  EXPECT_TRUE(contains(refusal_of([&] { file.metadata_value("k"); }), "has no metadata k"));
}

TEST(Safetensors, ElementsOfAnotherSizeAreABugOfTheCaller) {
  const std::vector<float> values = {1, 2};
  const TensorView view = view_of(DType::kF32, {2}, values);
  EXPECT_THROW(view.as<double>(), std::logic_error);
  EXPECT_EQ(view.as<std::uint32_t>()[0], 0x3f800000U);
}

TEST(Safetensors, ViewsOutliveAMovedFile) {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> values = {4, 5};
  write_safetensors(folder.path() / "t", {{"x", view_of(DType::kI32, {2}, values)}}, {});
  SafetensorsFile first(folder.path() / "t");
  const TensorView view = first.tensor("x", DType::kI32, 1);
  const SafetensorsFile second = std::move(first);
  EXPECT_EQ(view.as<std::int32_t>()[1], 5);
  second.release_pages();
  EXPECT_EQ(view.as<std::int32_t>()[0], 4) << "released pages come back when they are read";
}

}  // namespace
}  // namespace mien
