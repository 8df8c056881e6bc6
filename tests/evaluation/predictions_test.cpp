#include "mien/evaluation/predictions.h"

#include <gtest/gtest.h>

#include <string>

#include "mien/core/error.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

class ReadPredictions : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& rows,
                             SubmissionTask task = SubmissionTask::kExpr) const {
    return folder_.write("p.txt", official_header(task) + "\n" + rows);
  }

  TaskDecisions expr(const std::string& rows) const {
    return read_predictions(file(rows), SubmissionTask::kExpr).at(expr_task());
  }

  /// The message without the path; empty when the file is accepted.
  std::string refusal(const std::filesystem::path& path, SubmissionTask task) const {
    try {
      read_predictions(path, task);
    } catch (const InputError& error) {
      const std::string text = error.what();
      const std::string prefix = path.string();
      return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
    return {};
  }

  mien::testing::TemporaryFolder folder_;
};

TEST_F(ReadPredictions, SortsVideosAndFrames) {
  const auto decisions = expr("b/00002.jpg,3\na/00001.jpg,1\nb/00001.jpg,2\n");
  ASSERT_EQ(decisions.videos.size(), 2U);
  EXPECT_EQ(decisions.videos[0].video, "a");
  EXPECT_EQ(decisions.videos[1].frames, (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(decisions.videos[1].values, (std::vector<double>{2, 3}));
}

TEST_F(ReadPredictions, AcceptsAByteOrderMarkCrlfAndNoLastLineEnd) {
  const auto path =
      folder_.write("crlf.txt", "\xEF\xBB\xBF" + official_header(SubmissionTask::kVa) +
                                    "\r\nv/00001.jpg,0.5,-0.5\r\nv/00002.jpg,1,-1");
  const auto decisions = read_predictions(path, SubmissionTask::kVa).at(va_task());
  EXPECT_EQ(decisions.videos.at(0).values, (std::vector<double>{0.5F, -0.5F, 1, -1}));
}

TEST_F(ReadPredictions, SplitsAMultiTaskFileByPosition) {
  const auto path = file("v/00007.jpg,0.5,-0.25,6,1,0,0,0,0,0,0,0,0,0,0,1\n", SubmissionTask::kMtl);
  const auto decisions = read_predictions(path, SubmissionTask::kMtl);
  ASSERT_EQ(decisions.size(), 3U);
  EXPECT_EQ(decisions.at(expr_task()).videos.at(0).values, std::vector<double>{6});
  EXPECT_EQ(decisions.at(va_task()).videos.at(0).values, (std::vector<double>{0.5F, -0.25F}));
  const auto& units = decisions.at(au_task()).videos.at(0);
  EXPECT_EQ(units.frames, std::vector<std::int32_t>{7});
  ASSERT_EQ(units.values.size(), 12U);
  EXPECT_EQ(units.values[0] + units.values[11], 2);
}

TEST_F(ReadPredictions, CountsIdenticalRowsOnce) {
  const auto decisions = expr("v/00001.jpg,3\nv/00002.jpg,4\nv/00001.jpg,3\n");
  EXPECT_EQ(decisions.videos.at(0).frames, (std::vector<std::int32_t>{1, 2}));
}

TEST_F(ReadPredictions, RefusesRowsThatContradictEachOtherWithBothLines) {
  EXPECT_EQ(refusal(file("v/00001.jpg,3\nv/00002.jpg,4\nv/00001.jpg,5\n"), SubmissionTask::kExpr),
            " line 4 = v frame 1: contradicts line 2, expected the same values for the same frame");
}

TEST_F(ReadPredictions, RefusesAFileOfAnotherTaskAndSaysWhichItIs) {
  const std::string message =
      refusal(file("v/00001.jpg,0.5,0.5\n", SubmissionTask::kVa), SubmissionTask::kExpr);
  EXPECT_NE(message.find("expected the header of --task expr, this file is of --task va"),
            std::string::npos)
      << message;
}

TEST_F(ReadPredictions, RefusesIllegalValuesWithTheirLine) {
  EXPECT_EQ(refusal(file("v/00001.jpg,3\nv/00002.jpg,9\n"), SubmissionTask::kExpr),
            " line 3, expression = 9: expected an integer from 0 to 7");
}

TEST_F(ReadPredictions, RefusesFrameZeroBecauseItShiftsEveryLabel) {
  EXPECT_EQ(refusal(file("v/00000.jpg,3\n"), SubmissionTask::kExpr),
            " line 2 = v/00000.jpg: frames start at 1 (00001.jpg)");
}

TEST_F(ReadPredictions, RefusesAMissingHeaderAnEmptyFileAndJunk) {
  EXPECT_NE(refusal(folder_.write("a.txt", "v/00001.jpg,3\n"), SubmissionTask::kExpr)
                .find("line 1 = v/00001.jpg,3: expected a header line before the rows"),
            std::string::npos);
  EXPECT_NE(refusal(folder_.write("b.txt", ""), SubmissionTask::kExpr).find("(empty file)"),
            std::string::npos);
  const std::string junk("\x7F\x45\x4C\x46\0\1\2\n\xFF", 9);
  EXPECT_NE(refusal(folder_.write("c.txt", junk), SubmissionTask::kExpr).find("\\x7fELF\\x00"),
            std::string::npos);
}

TEST_F(ReadPredictions, SuggestsTheHeaderThatWasProbablyMeant) {
  const auto path = folder_.write("h.txt", "image_location,valance,arousal\nv/00001.jpg,0,0\n");
  EXPECT_NE(refusal(path, SubmissionTask::kVa).find("did you mean image_location,valence,arousal?"),
            std::string::npos);
}

TEST_F(ReadPredictions, RefusesAnEmptyLineBetweenRowsButNotAtTheEnd) {
  EXPECT_EQ(refusal(file("v/00001.jpg,3\n\nv/00002.jpg,3\n"), SubmissionTask::kExpr),
            " line 3 = (empty line): expected a row such as video/00001.jpg,...");
  EXPECT_EQ(expr("v/00001.jpg,3\n\n\r\n").videos.size(), 1U);
}

TEST_F(ReadPredictions, RefusesARowWithoutAnImageLocation) {
  EXPECT_NE(refusal(file("00001.jpg,3\n"), SubmissionTask::kExpr).find("line 2 = 00001.jpg,3"),
            std::string::npos);
}

TEST_F(ReadPredictions, HasNoLabelsForCompoundExpressions) {
  EXPECT_NE(refusal(file("v/00001.jpg,3\n", SubmissionTask::kCe), SubmissionTask::kCe)
                .find("--task = ce: compound expressions have no public labels"),
            std::string::npos);
}

TEST_F(ReadPredictions, RefusesAFileThatDoesNotExist) {
  EXPECT_THROW(read_predictions(folder_.path() / "none.txt", SubmissionTask::kExpr), InputError);
}

}  // namespace
}  // namespace mien
