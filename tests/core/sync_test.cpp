#include "mien/core/sync.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/core/files.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

TEST(SyncToDisk, TakesFilesAndFoldersAndWhatIsNotThere) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("f.txt", "content");
  EXPECT_NO_THROW(sync_to_disk(file));
  EXPECT_NO_THROW(sync_to_disk(folder.path()));
  EXPECT_NO_THROW(sync_to_disk(folder.path() / "nothing"));
  EXPECT_EQ(read_text(file), "content");
}

TEST(MoveIntoPlace, ReplacesTheOldFile) {
  const TemporaryFolder folder;
  move_into_place(folder.write("new", "content"), folder.write("f", "old"));
  EXPECT_EQ(read_text(folder.path() / "f"), "content");
  EXPECT_FALSE(fs::exists(folder.path() / "new"));
}

TEST(MoveIntoPlace, TakesAFolder) {
  const TemporaryFolder folder;
  move_into_place(folder.write("new/f", "content").parent_path(), folder.path() / "there");
  EXPECT_EQ(read_text(folder.path() / "there" / "f"), "content");
  EXPECT_FALSE(fs::exists(folder.path() / "new"));
}

TEST(MoveIntoPlace, SaysWhatCannotBeReplaced) {
  const TemporaryFolder folder;
  folder.write("taken/inside", "x");
  const fs::path written = folder.write("new", "content"), path = folder.path() / "taken";
  EXPECT_TRUE(contains(refusal_of([&] { move_into_place(written, path); }),
                       "file = " + path.string() + ": cannot be written"));
}

}  // namespace
}  // namespace mien
