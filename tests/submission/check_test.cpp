#include "mien/submission/check.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "mien/core/error.h"
#include "temporary_folder.h"

namespace mien {
namespace {

class CheckSubmission : public ::testing::Test {
 protected:
  void SetUp() override { use(SubmissionTask::kExpr); }

  void use(SubmissionTask task) {
    header_ = official_header(task) + "\n";
    form_ = folder_.write("t.txt", header_ +
                                       "a/00001.jpg,\na/00002.jpg,\nb/00001.jpg,\n"
                                       "b/00001.jpg,\n");
  }

  /// The message after the file's name; empty when accepted.
  std::string refusal_of_text(const std::string& text) const {
    const auto path = folder_.write("p.txt", text);
    try {
      check_submission(path, form_);
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with(path.string())) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos);
      return message.substr(path.string().size());
    }
    return {};
  }
  std::string refusal(const std::string& rows) const { return refusal_of_text(header_ + rows); }

  mien::testing::TemporaryFolder folder_;
  std::string header_;
  std::filesystem::path form_;
  const std::string good_ = "a/00001.jpg,0\na/00002.jpg,1\nb/00001.jpg,2\nb/00001.jpg,2\n";
};

TEST_F(CheckSubmission, AcceptsACompleteFile) {
  EXPECT_EQ(refusal(good_), "");
  const auto summary = check_submission(folder_.path() / "p.txt", form_);
  EXPECT_EQ(to_json(summary).at("rows"), 4);
  EXPECT_EQ(to_json(summary).at("task"), "expr");
}

TEST_F(CheckSubmission, AcceptsCrlfAByteOrderMarkAndNoLastLineEnd) {
  std::string crlf;
  for (const char c : "\xEF\xBB\xBF" + header_ + good_) crlf += c == '\n' ? "\r\n" : std::string{c};
  EXPECT_EQ(refusal_of_text(crlf), "");
  EXPECT_EQ(refusal(good_.substr(0, good_.size() - 1)), "");
}

TEST_F(CheckSubmission, FindsAMissingRow) {
  EXPECT_EQ(refusal("a/00001.jpg,0\nb/00001.jpg,2\nb/00001.jpg,2\n"),
            " line 3 = b/00001.jpg: expected a/00002.jpg, as in the template's line 3");
}

TEST_F(CheckSubmission, FindsAMissingLastRowAndARemovedDuplicate) {
  EXPECT_EQ(refusal("a/00001.jpg,0\na/00002.jpg,1\nb/00001.jpg,2\n"),
            " line 5 = (end of file): expected b/00001.jpg, as in the template's line 5");
  EXPECT_EQ(refusal(""),
            " line 2 = (end of file): expected a/00001.jpg, as in the template's line 2");
}

TEST_F(CheckSubmission, FindsAnExtraRow) {
  EXPECT_EQ(refusal(good_ + "c/00001.jpg,0\n"),
            " line 6 = c/00001.jpg: expected the end of the file, the template has 4 rows");
}

TEST_F(CheckSubmission, FindsSwappedRows) {
  EXPECT_NE(refusal("a/00002.jpg,0\na/00001.jpg,1\nb/00001.jpg,2\nb/00001.jpg,2\n")
                .find(" line 2 = a/00002.jpg: expected a/00001.jpg"),
            std::string::npos);
}

TEST_F(CheckSubmission, FindsAWrongVideoOrFrameOrSpelling) {
  for (const char* second : {"A/00002.jpg,1", "a/00003.jpg,1", "a/2.jpg,1", "a/00002.png,1",
                             " a/00002.jpg,1", "./a/00002.jpg,1"}) {
    EXPECT_NE(refusal(std::string("a/00001.jpg,0\n") + second + "\nb/00001.jpg,2\nb/00001.jpg,2\n")
                  .find(" line 3 = "),
              std::string::npos)
        << second;
  }
}

TEST_F(CheckSubmission, FindsIllegalExpressions) {
  for (const char* value :
       {"", "8", "-1", "1.0", "1.5", "nan", "inf", "Anger", "1 x", "1;", "0x1"}) {
    const std::string message = refusal(std::string("a/00001.jpg,0\na/00002.jpg,") + value +
                                        "\nb/00001.jpg,2\nb/00001.jpg,2\n");
    EXPECT_NE(message.find(" line 3, expression = "), std::string::npos) << value;
    EXPECT_NE(message.find("expected an integer from 0 to 7"), std::string::npos) << value;
  }
}

TEST_F(CheckSubmission, FindsAWrongNumberOfFields) {
  EXPECT_EQ(refusal("a/00001.jpg,0\na/00002.jpg,1,1\nb/00001.jpg,2\nb/00001.jpg,2\n"),
            " line 3, fields = 3: expected 2 (image location and 1 value)");
  EXPECT_NE(refusal("a/00001.jpg\n").find(" line 2, expression = (empty)"), std::string::npos);
}

TEST_F(CheckSubmission, FindsEmptyLinesInTheMiddleAndAtTheEnd) {
  EXPECT_NE(refusal("a/00001.jpg,0\n\na/00002.jpg,1\nb/00001.jpg,2\nb/00001.jpg,2\n")
                .find(" line 3 = (empty line)"),
            std::string::npos);
  EXPECT_NE(refusal(good_ + "\n").find(" line 6 = (empty line): expected the end of the file"),
            std::string::npos);
  EXPECT_NE(refusal("a/00001.jpg,0\n\n").find(" line 3 = (empty line): expected a/00002.jpg"),
            std::string::npos);
}

TEST_F(CheckSubmission, FindsAWrongOrMissingHeader) {
  EXPECT_NE(refusal_of_text(good_).find(" line 1 = a/00001.jpg,0: expected a header line"),
            std::string::npos);
  EXPECT_NE(refusal_of_text("video,label\n" + good_).find(" line 1 = video,label"),
            std::string::npos);
  std::string other = header_;
  other.replace(other.find("Neutral"), 7, "neutral");
  EXPECT_NE(refusal_of_text(other + good_).find("expected the template's header"),
            std::string::npos);
}

TEST_F(CheckSubmission, FindsAnotherTasksFile) {
  const std::string text = official_header(SubmissionTask::kVa) + "\na/00001.jpg,0,0\n";
  EXPECT_NE(refusal_of_text(text).find("this file is of task va, the template of expr"),
            std::string::npos);
}

TEST_F(CheckSubmission, FindsEmptyFilesAndJunk) {
  EXPECT_EQ(refusal_of_text("").find(" = (empty file)"), 0U);
  EXPECT_NE(refusal_of_text(std::string(4096, '\0')).find("line 1 = \\x00"), std::string::npos);
  EXPECT_NE(refusal(std::string("a/00001.jpg,0\n\0\xFF\xFE\n", 18)).find(" line 3 = \\x00\\xff"),
            std::string::npos);
}

TEST_F(CheckSubmission, ChecksActionUnits) {
  use(SubmissionTask::kAu);
  const std::string zeros = ",0,0,0,0,0,0,0,0,0,0,0,1";
  const std::string rest =
      "\na/00002.jpg" + zeros + "\nb/00001.jpg" + zeros + "\nb/00001.jpg" + zeros;
  EXPECT_EQ(refusal("a/00001.jpg" + zeros + rest), "");
  EXPECT_EQ(refusal("a/00001.jpg,0,0.7,0,0,0,0,0,0,0,0,0,1" + rest),
            " line 2, AU2 = 0.7: expected 0 or 1");
  EXPECT_EQ(refusal("a/00001.jpg,0,0,0,0,0,0,0,0,0,0,0" + rest),
            " line 2, fields = 12: expected 13 (image location and 12 values)");
}

TEST_F(CheckSubmission, ChecksValenceAndArousal) {
  use(SubmissionTask::kVa);
  const std::string rest = "\na/00002.jpg,0,0\nb/00001.jpg,0,0\nb/00001.jpg,-1,1\n";
  EXPECT_EQ(refusal("a/00001.jpg,0.5,-1e-3" + rest), "");
  for (const char* value : {"nan", "inf", "-inf", "1.01", "-5", "", "0.1 0.2", "0.5abc"}) {
    EXPECT_NE(refusal(std::string("a/00001.jpg,0.5,") + value + rest).find(" line 2, arousal = "),
              std::string::npos)
        << value;
  }
}

TEST_F(CheckSubmission, ChecksCompoundAndMultiTaskRows) {
  use(SubmissionTask::kCe);
  EXPECT_NE(refusal("a/00001.jpg,7\n").find("expected an integer from 0 to 6"), std::string::npos);
  use(SubmissionTask::kMtl);
  EXPECT_NE(refusal("a/00001.jpg,0,0,3,0,0,0,0,0,0,0,0,0,0,0\n").find("fields = 15: expected 16"),
            std::string::npos);
  EXPECT_NE(refusal("a/00001.jpg,0,0,9,0,0,0,0,0,0,0,0,0,0,0,0\n").find("expression = 9"),
            std::string::npos);
}

TEST_F(CheckSubmission, NamesTheTemplateWhenItIsTheBrokenFile) {
  const auto broken = folder_.write("broken.txt", header_ + "nothing\n");
  const auto path = folder_.write("p.txt", header_ + good_);
  try {
    check_submission(path, broken);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(broken.string() + " line 2")) << error.what();
  }
}

TEST_F(CheckSubmission, InspectTellsATemplateFromAFilledFile) {
  const auto facts = inspect_submission(form_);
  EXPECT_EQ(facts.rows, 4);
  EXPECT_EQ(facts.videos, 2);
  EXPECT_EQ(facts.rows_without_values, 4);
  const auto filled = inspect_submission(folder_.write("p.txt", header_ + good_));
  EXPECT_EQ(filled.rows_without_values, 0);
  EXPECT_EQ(to_json(filled).at("rows"), 4);
  EXPECT_THROW(inspect_submission(folder_.write("p.txt", header_ + "a/00001.jpg,9\n")), InputError);
}

}  // namespace
}  // namespace mien
