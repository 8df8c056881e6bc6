#include "mien/submission/video_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/submission/check.h"
#include "mien/submission/template.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

std::string refusal(const std::string& text) {
  return refusal_of([&] { read_video_list("list.txt", text); });
}

TEST(IsVideoList, KnowsNamesWithAndWithoutFrames) {
  for (const char* text :
       {"1-30-1280x720", "102\n103\n", "\xEF\xBB\xBF\r\n10-60-1280x720_right\r\n", "a.b,12\nc\n",
        "video86_2 , 7\n"}) {
    EXPECT_TRUE(is_video_list(text)) << text;
  }
}

TEST(IsVideoList, IsNoTemplateNoLabelsAndNoText) {
  for (const char* text :
       {"", "\n\n", "valence,arousal\n0,0\n", "image_location,valence,arousal\na/00001.jpg,\n",
        "a/00001.jpg,\n", "102\na/00001.jpg,0\n", "two words\n", "image,mood\n", "0.5,-0.1\n",
        ".hidden\n", "102,0\n", "102,-3\n", "102,3,4\n", "\x01\x02\n"}) {
    EXPECT_FALSE(is_video_list(text)) << text;
  }
}

TEST(VideoListTest, KeepsOrderLinesAndFrames) {
  const VideoList list = read_video_list("list.txt",
                                         "\xEF\xBB\xBF"
                                         "b\r\n\r\na , 12\r\nc");
  ASSERT_EQ(list.videos.size(), 3U);
  EXPECT_EQ(list.videos[0].video, "b");
  EXPECT_EQ(list.videos[1].video, "a");
  EXPECT_EQ(list.videos[1].frames, 12);
  EXPECT_EQ(list.videos[1].line, 3U);
  EXPECT_EQ(list.videos[2].frames, 0);
}

TEST(VideoListTest, RefusesALineThatIsNoNameAndAVideoThatIsThereTwice) {
  EXPECT_EQ(refusal("a\nb\na/00001.jpg,0\n"),
            "list.txt line 3 = a/00001.jpg,0: expected a video's name, alone or with its frames "
            "(name,1234), as in line 1 of this list of videos");
  EXPECT_TRUE(contains(refusal("a\n\nb,5000000\n"), "list.txt line 3 = b,5000000"));
  EXPECT_TRUE(contains(refusal("a\nb\na,7\n"),
                       "list.txt line 3 = a: is in this list of videos twice, first in line 1"));
}

TEST(TemplateOfList, HasARowAFrameOfEachVideo) {
  const VideoList list = read_video_list("list.txt", "b,2\na,1\n");
  const Template form = template_of(list, SubmissionTask::kAu, {});
  EXPECT_EQ(form.layout, TemplateLayout::kFileAVideo);
  EXPECT_EQ(form.header, "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26");
  EXPECT_TRUE(holds(form.videos, {"b", "a"}));
  ASSERT_EQ(form.rows.size(), 3U);
  EXPECT_EQ(form.rows[1].frame, 2);
  EXPECT_EQ(form.rows[2].video, 1U);
  EXPECT_EQ(form.rows[2].frame, 1);
  EXPECT_EQ(form.counted_videos, 0U);
}

TEST(TemplateOfList, RefusesAVideoThatNobodyCountedAndTasksOfOneFile) {
  const VideoList list = read_video_list("list.txt", "b,2\nvideo_7\n");
  const auto message = refusal_of([&] { template_of(list, SubmissionTask::kVa, {}); });
  EXPECT_TRUE(contains(message, "list.txt line 2 = video_7: is in no bank"));
  EXPECT_TRUE(contains(message, "video_7,1234"));
  for (const auto task : {SubmissionTask::kCe, SubmissionTask::kMtl}) {
    EXPECT_TRUE(contains(refusal_of([&] { template_of(list, task, {}); }), "list of videos"));
  }
}

class CheckAgainstAList : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("out/a.txt", "valence,arousal\n0,0\n.5,-1\n");
    folder_.write("out/b.txt", "valence,arousal\n0,0\n");
  }
  std::string refusal(const std::string& list) const {
    const auto path = folder_.write("list.txt", list);
    return refusal_of([&] { check_submission(folder_.path() / "out", path); });
  }

  TemporaryFolder folder_;
};

TEST_F(CheckAgainstAList, CountsRowsWhereTheListSaysThem) {
  EXPECT_EQ(refusal("b,1\na,2\n"), "accepted");
  EXPECT_TRUE(contains(refusal("b,1\na,3\n"),
                       "a.txt line 4 = (end of file): expected a row for frame 3 of 3"));
  EXPECT_TRUE(
      contains(refusal("b,1\na,1\n"), "a.txt line 3 = .5,-1: expected the end of the file"));
}

TEST_F(CheckAgainstAList, SaysHowManyVideosWereNotCounted) {
  const auto summary =
      check_submission(folder_.path() / "out", folder_.write("list.txt", "b\na,2\n"));
  EXPECT_EQ(to_json(summary),
            nlohmann::json({{"task", "va"}, {"rows", 3}, {"uncounted_videos", 1}}));
}

TEST_F(CheckAgainstAList, WantsItsVideosOneHeaderLegalValuesAndRows) {
  EXPECT_TRUE(contains(refusal("a\nb\nc\n"), "c.txt = (missing): expected this file, as in"));
  EXPECT_TRUE(contains(refusal("a\n"), "b.txt = (extra file)"));
  folder_.write("out/b.txt", "valence,arousal\n");
  EXPECT_TRUE(contains(refusal("a\nb\n"), "b.txt line 2 = (end of file)"));
  folder_.write("out/b.txt", "valence,arousal\n0,2\n");
  EXPECT_TRUE(contains(refusal("a\nb\n"), "b.txt line 2, arousal = 2"));
  folder_.write("out/b.txt", "valence,arousal\n0,0\n\n");
  EXPECT_TRUE(contains(refusal("a\nb\n"), "b.txt line 3 = (empty line)"));
  folder_.write("out/b.txt", "AU1\n0,0\n");
  EXPECT_TRUE(contains(refusal("a\nb\n"), "b.txt line 1 = AU1: expected the template's header"));
}

TEST(InspectList, TellsVideosAndFrames) {
  const TemporaryFolder folder;
  EXPECT_EQ(to_json(inspect_submission(folder.write("list.txt", "b\na,2\n"))),
            nlohmann::json({{"layout", "a list of videos"},
                            {"task", nullptr},
                            {"rows", 2},
                            {"videos", 2},
                            {"rows_without_values", 2},
                            {"uncounted_videos", 1}}));
}

TEST(InspectFolder, TellsTaskRowsAndTheFirstIllegalValue) {
  const TemporaryFolder folder;
  folder.write("out/a.txt", "valence,arousal\n0,0\n.5,-1\n");
  folder.write("out/b.txt", "valence,arousal\n\n\n\n");
  const auto facts = inspect_submission(folder.path() / "out");
  EXPECT_EQ(facts.rows, 5);
  EXPECT_EQ(facts.videos, 2);
  EXPECT_EQ(facts.rows_without_values, 3);
  folder.write("out/b.txt", "valence,arousal\n0,0\n0,7\n");
  EXPECT_TRUE(contains(refusal_of([&] { inspect_submission(folder.path() / "out"); }),
                       "b.txt line 3, arousal = 7"));
}

}  // namespace
}  // namespace mien
