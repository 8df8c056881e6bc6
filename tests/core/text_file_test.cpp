#include "mien/core/text_file.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "stored_zip.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::stored_zip;
using testing::TemporaryFolder;

TEST(TextFileTest, IsTheTextOfAPlainFileAndOfTheOneInAZip) {
  const TemporaryFolder folder;
  EXPECT_EQ(TextFile(folder.write("a.txt", "a\nb\n")).text(), "a\nb\n");
  EXPECT_EQ(TextFile(folder.write("a.zip", stored_zip({{"x/a.txt", "a\nb\n"}}))).text(), "a\nb\n");
  EXPECT_EQ(TextFile(std::string("a\nb\n")).text(), "a\nb\n");
}

TEST(TextFileTest, StaysWhatItIsWhenItMoves) {
  TextFile small(std::string("a"));
  const TextFile moved = std::move(small);
  EXPECT_EQ(moved.text(), "a");
}

TEST(TextFileTest, RefusesAZipOfSeveralFilesAndADamagedOne) {
  const TemporaryFolder folder;
  const std::string two = stored_zip({{"a.txt", "a"}, {"b.txt", "b"}});
  EXPECT_TRUE(contains(refusal_of([&] { TextFile(folder.write("two.zip", two)); }), "2 files"));
  std::string spoilt = stored_zip({{"a.txt", "some text"}});
  spoilt[spoilt.find("some")] = 'S';
  EXPECT_TRUE(contains(refusal_of([&] { TextFile(folder.write("spoilt.zip", spoilt)); }),
                       "cannot be unpacked"));
}

TEST(NamesInZip, AreThoseOfItsFilesInOrder) {
  const TemporaryFolder folder;
  const auto zip = folder.write("a.zip", stored_zip({{"m/data.pkl", "x"}, {"m/version", "3"}}));
  EXPECT_TRUE(holds(names_in_zip(zip), {"m/data.pkl", "m/version"}));
}

TEST(NamesInZip, AreAsManyAsCanBeReadOfADamagedOneAndNoneOfAnotherFile) {
  const TemporaryFolder folder;
  const std::string whole = stored_zip({{"m/data.pkl", "x"}, {"m/version", "3"}});
  const auto cut = folder.write("cut.zip", whole.substr(0, whole.find("m/version") - 10));
  EXPECT_TRUE(holds(names_in_zip(cut), {"m/data.pkl"}));
  EXPECT_TRUE(names_in_zip(folder.write("a.txt", "text")).empty());
  EXPECT_TRUE(names_in_zip(folder.path() / "nothing").empty());
}

}  // namespace
}  // namespace mien
