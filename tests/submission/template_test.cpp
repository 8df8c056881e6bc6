#include "mien/submission/template.h"

#include <gtest/gtest.h>

#include <string>

#include "mien/core/error.h"
#include "temporary_folder.h"

namespace mien {
namespace {

class ReadTemplate : public ::testing::Test {
 protected:
  Template read(const std::string& content) const {
    return read_template(folder_.write("t.txt", content));
  }
  std::string refusal(const std::string& content) const {
    try {
      read(content);
    } catch (const InputError& error) {
      return error.what();
    }
    return {};
  }
  mien::testing::TemporaryFolder folder_;
  const std::string header_ = official_header(SubmissionTask::kExpr) + "\n";
};

TEST_F(ReadTemplate, KeepsOrderDuplicatesAndLocationsAsWritten) {
  const Template form = read(header_ + "b/00002.jpg,\na/1.jpg,\nb/00002.jpg,\n");
  EXPECT_EQ(form.task, SubmissionTask::kExpr);
  ASSERT_EQ(form.rows.size(), 3U);
  EXPECT_EQ(form.rows[0].location, "b/00002.jpg");
  EXPECT_EQ(form.rows[1].location, "a/1.jpg");
  EXPECT_EQ(form.rows[1].frame, 1);
  EXPECT_EQ(form.rows[2].video, 0U);
  EXPECT_EQ(form.videos, (std::vector<std::string>{"b", "a"}));
}

TEST_F(ReadTemplate, IgnoresTheValuesThatStandInIt) {
  EXPECT_EQ(read(header_ + "a/00001.jpg\na/00002.jpg,\na/00003.jpg,99,x,y\n").rows.size(), 3U);
}

TEST_F(ReadTemplate, AcceptsAByteOrderMarkCrlfNoLastLineEndAndTrailingEmptyLines) {
  std::string crlf = "\xEF\xBB\xBF" + official_header(SubmissionTask::kVa) + "\r\na/00001.jpg,\r\n";
  Template form = read(crlf + "a/00002.jpg,");
  EXPECT_EQ(form.task, SubmissionTask::kVa);
  EXPECT_EQ(form.header, official_header(SubmissionTask::kVa));
  EXPECT_EQ(form.rows.at(1).location, "a/00002.jpg");
  EXPECT_EQ(read(crlf + "\r\n\n").rows.size(), 1U);
}

TEST_F(ReadTemplate, RecognisesEveryTaskByItsHeader) {
  for (const auto task : {SubmissionTask::kExpr, SubmissionTask::kAu, SubmissionTask::kVa,
                          SubmissionTask::kCe, SubmissionTask::kMtl}) {
    EXPECT_EQ(read(official_header(task) + "\na/00001.jpg,\n").task, task);
  }
}

TEST_F(ReadTemplate, RefusesMalformedRowsWithTheirLine) {
  EXPECT_NE(refusal(header_ + "a/00001.jpg,\nwhat is this\n").find("line 3 = what is this"),
            std::string::npos);
  EXPECT_NE(refusal(header_ + "a/00001.jpg,\n\na/00002.jpg,\n").find("line 3 = (empty line)"),
            std::string::npos);
}

TEST_F(ReadTemplate, RefusesFilesWithoutHeaderOrRows) {
  EXPECT_NE(refusal("a/00001.jpg,\n").find("expected a header line"), std::string::npos);
  EXPECT_NE(refusal(header_).find("no rows"), std::string::npos);
  EXPECT_NE(refusal("").find("(empty file)"), std::string::npos);
  EXPECT_THROW(read_template(folder_.path()), InputError);
}

TEST_F(ReadTemplate, StaysValidWhenMoved) {
  Template form = read(header_ + "a/00001.jpg,\n");
  const Template moved = std::move(form);
  EXPECT_EQ(moved.rows.at(0).location, "a/00001.jpg");
}

}  // namespace
}  // namespace mien
