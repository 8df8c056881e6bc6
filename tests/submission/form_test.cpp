#include "mien/submission/form.h"

#include <gtest/gtest.h>

#include <fstream>

#include "expectations.h"
#include "mien/submission/check.h"
#include "mien/submission/template.h"
#include "stored_zip.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;
using testing::stored_zip;

class OpenForm : public ::testing::Test {
 protected:
  FormKind kind_of(const std::string& name, const std::string& content) const {
    return open_form(folder_.write(name, content)).kind;
  }
  std::string refusal(const std::string& name, const std::string& content) const {
    return refusal_of([&] { open_form(folder_.write(name, content)); });
  }

  mien::testing::TemporaryFolder folder_;
  const std::string rows_ = official_header(SubmissionTask::kVa) + "\na/00001.jpg,\n";
  const std::string video_ = "valence,arousal\n0,0\n0,0\n";
};

TEST_F(OpenForm, TellsRowsFilesAndListsApart) {
  EXPECT_EQ(kind_of("rows.txt", rows_), FormKind::kRows);
  EXPECT_EQ(kind_of("rows.zip", stored_zip({{"rows.txt", rows_}})), FormKind::kRows);
  EXPECT_EQ(kind_of("one.zip", stored_zip({{"a.txt", video_}})), FormKind::kFiles);
  EXPECT_EQ(kind_of("two.zip", stored_zip({{"x/b.txt", video_}, {"x/a.txt", video_}})),
            FormKind::kFiles);
  EXPECT_EQ(kind_of("list.txt", "1-30-1280x720\n102\nvideo45_5\n"), FormKind::kVideoList);
  EXPECT_EQ(kind_of("list.zip", stored_zip({{"list.txt", "102\n"}})), FormKind::kVideoList);
  folder_.write("folder/a.txt", video_);
  EXPECT_EQ(open_form(folder_.path() / "folder").kind, FormKind::kFiles);
}

TEST_F(OpenForm, SortsFilesByVideoAndLeavesOthersOut) {
  const Form form = open_form(folder_.write(
      "x.zip",
      stored_zip(
          {{"x/b.txt", video_}, {"x/notes.md", "n"}, {"x/.a.txt", "h"}, {"a.TXT", video_}})));
  ASSERT_EQ(form.files.size(), 2U);
  EXPECT_EQ(form.files[0].video, "a");
  EXPECT_EQ(form.files[1].video, "b");
}

TEST_F(OpenForm, SaysWhatAFileLooksLikeAndWhatWasExpected) {
  EXPECT_TRUE(contains(refusal("a.txt", video_), "one video's file"));
  EXPECT_TRUE(contains(refusal("a.txt", "a/00001.jpg,\n"), "expected a header line"));
  EXPECT_TRUE(contains(refusal("a.txt", "image,mood\na/00001.jpg,\n"), "line 1 = image,mood"));
  EXPECT_TRUE(contains(refusal("e.zip", stored_zip({{"notes.md", ""}, {"b.md", ""}})),
                       "holds no .txt file"));
  folder_.write("release/au.txt", official_header(SubmissionTask::kAu) + "\na/00001.jpg,\n");
  const std::string of_folder = refusal_of([&] { read_template(folder_.path() / "release"); });
  EXPECT_TRUE(contains(of_folder, "au.txt line 1"));
  EXPECT_TRUE(contains(of_folder, "a template of all videos, expected one video's"));
  folder_.write("lists/names.txt", "102\n103\n");
  EXPECT_TRUE(contains(refusal_of([&] { read_template(folder_.path() / "lists"); }),
                       "a list of videos, expected one video's"));
}

/// Bytes that this process has asked of read().
std::int64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::int64_t value = 0;
  io >> key >> value;
  return key == "rchar:" ? value : -1;
}

TEST_F(OpenForm, UnpacksAZipOnce) {
  std::string rows = official_header(SubmissionTask::kVa) + "\n";
  for (int frame = 1; frame <= 100'000; ++frame)
    rows += "a/" + std::to_string(frame) + ".jpg,0,0\n";
  const auto zip = folder_.write("rows.zip", stored_zip({{"rows.txt", rows}}));
  const auto size = static_cast<std::int64_t>(rows.size());
  const std::int64_t before = bytes_read();
  if (before < 0) GTEST_FAIL() << "no /proc/self/io";
  EXPECT_EQ(read_template(zip).rows.size(), 100'000U);
  const std::int64_t once = bytes_read() - before;
  EXPECT_GE(once, size);
  EXPECT_LT(once, size + size / 4);
  EXPECT_EQ(inspect_submission(zip).rows, 100'000);
  EXPECT_LT(bytes_read() - before - once, size + size / 4);
}

}  // namespace
}  // namespace mien
