#include "mien/core/mapped_file.h"

#include <gtest/gtest.h>

#include <string>

#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFileTest, HoldsTheFilesBytes) {
  const TemporaryFolder folder;
  const std::string content = std::string("a\0b", 3) + std::string(10'000, 'x');
  const MappedFile file(folder.write("f", content));
  EXPECT_EQ(text_of(file), content);
  file.release_pages();
  EXPECT_EQ(text_of(file), content);
}

TEST(MappedFileTest, AnEmptyFileGivesNoBytes) {
  const TemporaryFolder folder;
  const MappedFile file(folder.write("f", ""));
  EXPECT_TRUE(file.bytes().empty());
  file.release_pages();
}

TEST(MappedFileTest, StaysReadableWhenMoved) {
  const TemporaryFolder folder;
  MappedFile first(folder.write("f", "content"));
  const MappedFile second(std::move(first));
  EXPECT_EQ(text_of(second), "content");
}

TEST(MappedFileTest, StaysReadableWhenTheFileIsReplaced) {
  const TemporaryFolder folder;
  const auto path = folder.write("f", "old");
  const MappedFile file(path);
  folder.write("g", "new");
  std::filesystem::rename(folder.path() / "g", path);
  EXPECT_EQ(text_of(file), "old");
}

TEST(MappedFileTest, RefusesFoldersAndMissingFiles) {
  const TemporaryFolder folder;
  EXPECT_TRUE(contains(refusal_of([&] { MappedFile file(folder.path()); }),
                       "file = " + folder.path().string() + ": expected a file, this is a folder"));
  EXPECT_TRUE(contains(refusal_of([] { MappedFile file("/nowhere/f"); }),
                       "file = /nowhere/f: cannot be read (No such file or directory)"));
}

}  // namespace
}  // namespace mien
