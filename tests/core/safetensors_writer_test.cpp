#include "mien/core/safetensors_writer.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

const std::vector<TensorPlan> kPlans = {{"half", DType::kF16, {3, 2}}, {"whole", DType::kI32, {3}}};
const std::vector<std::uint16_t> kHalf = {1, 2, 3, 4, 5, 6};
const std::vector<std::int32_t> kWhole = {7, 8, 9};

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values, std::size_t first,
                                    std::size_t count) {
  return std::as_bytes(std::span(values).subspan(first, count));
}

TEST(SafetensorsWriterTest, GivesTheBytesOfTheWholeTensorsHoweverTheyAreCut) {
  const TemporaryFolder folder;
  write_safetensors(
      folder.path() / "once",
      {{"half", view_of(DType::kF16, {3, 2}, kHalf)}, {"whole", view_of(DType::kI32, {3}, kWhole)}},
      {{"key", "value"}});
  SafetensorsWriter writer(folder.path() / "pieces", kPlans, {{"key", "value"}});
  EXPECT_EQ(writer.tensors().front().name, "whole") << "wide elements come first";
  writer.append("whole", bytes_of(kWhole, 0, 1));
  writer.append("whole", bytes_of(kWhole, 1, 2));
  writer.append("half", bytes_of(kHalf, 0, 4));
  writer.append("half", {});
  writer.append("half", bytes_of(kHalf, 4, 2));
  EXPECT_FALSE(fs::exists(folder.path() / "pieces"));
  writer.commit();
  EXPECT_EQ(read_text(folder.path() / "pieces"), read_text(folder.path() / "once"));
}

TEST(SafetensorsWriterTest, TensorsWithoutElementsNeedNoBytes) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.path() / "f",
                           {{"a", DType::kF16, {0, 4}}, {"b", DType::kU8, {1}}}, {});
  writer.append("b", bytes_of(std::vector<std::uint8_t>{5}, 0, 1));
  writer.commit();
  EXPECT_EQ(SafetensorsFile(folder.path() / "f").tensor("a", DType::kF16, 2).elements(), 0);
}

TEST(SafetensorsWriterTest, RefusesBytesThatAreNotDue) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.path() / "f", kPlans, {});
  EXPECT_THROW(writer.append("half", bytes_of(kHalf, 0, 1)), std::logic_error) << "too early";
  EXPECT_THROW(writer.append("none", {}), std::logic_error);
  writer.append("whole", bytes_of(kWhole, 0, 3));
  EXPECT_THROW(writer.append("whole", bytes_of(kWhole, 0, 1)), std::logic_error) << "too many";
}

TEST(SafetensorsWriterTest, AFileThatLacksBytesNeverAppears) {
  const TemporaryFolder folder;
  {
    SafetensorsWriter writer(folder.path() / "f", kPlans, {});
    writer.append("whole", bytes_of(kWhole, 0, 3));
    writer.append("half", bytes_of(kHalf, 0, 5));
    EXPECT_THROW(writer.commit(), std::logic_error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(SafetensorsWriterTest, WhatWasWrittenStaysReadableAfterItsRemoval) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.path() / "f", {{"whole", DType::kI32, {3}}}, {{"key", "value"}});
  writer.append("whole", bytes_of(kWhole, 0, 3));
  const SafetensorsFile file = writer.commit_and_open();
  EXPECT_TRUE(fs::remove(folder.path() / "f"));
  EXPECT_TRUE(std::ranges::equal(file.tensor("whole", DType::kI32, 1).as<std::int32_t>(), kWhole));
  EXPECT_EQ(file.metadata_value("key"), "value");
}

}  // namespace
}  // namespace mien
