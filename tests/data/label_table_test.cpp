#include "mien/data/label_table.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/data/labels.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

const Task kMood("mood", TaskKind::kClasses, {"sad", "happy", "Angry; very"});
const Task kUnits("units", TaskKind::kBinary, {"smile", "frown"});
const Task kAffect("affect", TaskKind::kContinuous, {"joy", "calm"}, {0, 10});

LabelSet load(const std::string& text, const Task& task = kMood, Split split = Split::kTrain,
              const std::string& name = "labels.csv") {
  const TemporaryFolder folder;
  return load_labels(folder.write(name, text), task, split);
}

std::string refusal(const std::string& text, const Task& task = kMood) {
  const TemporaryFolder folder;
  const std::string path = folder.write("labels.csv", text);
  const std::string message = refusal_of([&] { load_labels(path, task, Split::kTrain); });
  EXPECT_TRUE(message == "accepted" || contains(message, path + ":")) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << "one line";
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

TEST(LabelTable, OfImagesKeepsFoldersAndNames) {
  const LabelSet set = load("image,mood\nb/2.jpg,sad\na/x.png,happy\nroot\\b\\1.jpg,happy\n");
  ASSERT_EQ(set.videos.size(), 2U);
  EXPECT_EQ(set.videos[0].video, "a");
  EXPECT_EQ(set.videos[1].video, "b") << "the last folder's name, whatever the slashes";
  EXPECT_TRUE(holds(set.videos[1].names, {"1.jpg", "2.jpg"}));
  EXPECT_TRUE(set.videos[1].frames.empty()) << "numbers are the bank's";
  EXPECT_TRUE(holds(set.videos[1].values, {1, 0}));
  EXPECT_EQ(set.files.size(), 1U);
  EXPECT_EQ(set.partly_known, PartlyKnown::kMaskValue);
}

TEST(LabelTable, OfVideosKeepsFrames) {
  const LabelSet set = load("frame,mood,video\n10,sad,v\n9.0,happy,v\n0,1,w\n");
  ASSERT_EQ(set.videos.size(), 2U);
  EXPECT_TRUE(holds(set.videos[0].frames, {9, 10}));
  EXPECT_TRUE(holds(set.videos[0].values, {1, 0}));
  EXPECT_TRUE(set.videos[0].names.empty());
  EXPECT_TRUE(holds(set.videos[1].frames, {0}));
}

TEST(LabelTable, SeparatorsQuotesLineEndsAndAByteOrderMarkMakeNoDifference) {
  const std::string plain = "image,mood\na/1 b.jpg,happy\na/2.jpg,sad\n";
  const auto expected = load(plain).videos;
  for (const std::string text :
       {"image\tmood\na/1 b.jpg\thappy\na/2.jpg\tsad\n", "image;mood\na/1 b.jpg;happy\na/2.jpg;sad",
        "\xEF\xBB\xBFimage,mood\r\na/1 b.jpg,happy\r\n\r\na/2.jpg,sad\r\n",
        "\"image\",\"mood\"\n\"a/1 b.jpg\",\"happy\"\n\"a/2.jpg\",sad\n",
        "  image , mood\n a/1 b.jpg ,\thappy \n\n\na/2.jpg,sad\n\n",
        "Image,Mood\na/1 b.jpg,HAPPY\na/2.jpg,Sad\n",
        "note,image,mood\n\"two\nlines, \"\"quoted\"\"\",a/1 b.jpg,happy\n,a/2.jpg,sad\n"}) {
    const auto found = load(text).videos;
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(found[0].names, expected[0].names) << text;
    EXPECT_EQ(found[0].values, expected[0].values) << text;
  }
  EXPECT_TRUE(holds(load("image,mood\na/1.jpg,Angry; very\n").videos[0].values, {2}));
  EXPECT_TRUE(holds(load("image;mood\na/1.jpg;\"Angry; very\"\n").videos[0].values, {2}));
}

TEST(LabelTable, IsKnownByItsName) {
  for (const char* name : {"l.csv", "l.TSV", "l.txt", "l.csv.gz"})
    EXPECT_TRUE(is_label_table(name));
  for (const char* name : {"csv", "l.json", "l.jpg", "l.gz"}) EXPECT_FALSE(is_label_table(name));
  EXPECT_EQ(load("image\tmood\na/1.jpg\t1\n", kMood, Split::kTrain, "l.tsv").videos.size(), 1U);
}

TEST(LabelTable, AClassIsNamedByNameAnyCaseOrIndex) {
  EXPECT_TRUE(holds(
      load("image,mood\na/1.jpg,happy\na/2.jpg,HAPPY\na/3.jpg,1\na/4.jpg,1.0\n").videos[0].values,
      {1, 1, 1, 1}));
  const Task cases("mood", TaskKind::kClasses, {"A", "a", "1", "0"});
  EXPECT_TRUE(holds(
      load("image,mood\na/1.jpg,a\na/2.jpg,A\na/3.jpg,1\na/4.jpg,3\n", cases).videos[0].values,
      {1, 0, 2, 3}))
      << "an exact name comes before another case and before an index";
}

TEST(LabelTable, ABinaryOutputIsYesOrNo) {
  EXPECT_TRUE(holds(load("image,smile,units_frown\na/1.jpg,1,0\na/2.jpg,yes,No\na/3.jpg,TRUE,false"
                         "\na/4.jpg,1.0,0.0\n",
                         kUnits)
                        .videos[0]
                        .values,
                    {1, 0, 1, 0, 1, 0, 1, 0}));
}

TEST(LabelTable, EmptyFieldsAndColumnsThatAreNotThereAreNotKnown) {
  const double none = kUnknown;
  EXPECT_TRUE(same_values(
      load("image,smile,frown\na/1.jpg,1,\na/2.jpg,,\na/3.jpg,NaN,0\na/4.jpg,n/a,null\n", kUnits)
          .videos[0]
          .values,
      std::vector<double>{1, none, none, 0}))
      << "rows of which nothing is known are left out";
  EXPECT_TRUE(same_values(load("image,frown\na/1.jpg,1\n", kUnits).videos[0].values,
                          std::vector<double>{none, 1}));
  EXPECT_TRUE(same_values(load("video,frame,calm\nv,1,2.5\n", kAffect).videos[0].values,
                          std::vector<double>{none, 2.5}));
}

TEST(LabelTable, TheMoreExactColumnIsTaken) {
  EXPECT_TRUE(
      holds(load("image,smile,units.smile,units_frown\na/1.jpg,1,0,1\n", kUnits).videos[0].values,
            {0, 1}));
}

TEST(LabelTable, RowsBelongToTheirSplit) {
  const std::string table =
      "image,mood,split\na/1.jpg,sad,train\na/2.jpg,sad,Training\na/3.jpg,sad,val\na/4.jpg,sad,"
      "validation\na/5.jpg,sad,dev\na/6.jpg,sad,test\n";
  EXPECT_TRUE(holds(load(table).videos[0].names, {"1.jpg", "2.jpg"}));
  EXPECT_TRUE(
      holds(load(table, kMood, Split::kValidation).videos[0].names, {"3.jpg", "4.jpg", "5.jpg"}));
  EXPECT_TRUE(holds(load(table, kMood, Split::kTest).videos[0].names, {"6.jpg"}));
  EXPECT_TRUE(load("image,mood\na/1.jpg,sad\n", kMood, Split::kTest).videos.empty())
      << "without the column all rows are training";
}

TEST(LabelTable, GroupsAndWeightsStayWithTheirRows) {
  const LabelSet set = load(
      "image,mood,group,weight\nb/2.jpg,sad,ann,2\na/1.jpg,sad,bob,\nb/1.jpg,happy,,.5\n"
      "b/3.jpg,sad,ann,0\n");
  const VideoLabels& b = set.videos[1];
  EXPECT_TRUE(holds(b.names, {"1.jpg", "2.jpg", "3.jpg"}));
  EXPECT_TRUE(holds(b.weights, {.5, 2, 0}));
  EXPECT_TRUE(holds(set.videos[0].weights, {1}));
  EXPECT_EQ(set.group_of(set.videos[0], 0), "bob");
  EXPECT_EQ(set.group_of(b, 1), "ann");
  EXPECT_EQ(set.group_of(b, 2), "ann");
  EXPECT_NE(set.group_of(b, 0), "ann") << "a row without a group is alone";
}

TEST(LabelTable, ARepeatedRowCountsOnceAndAContradictionIsRefused) {
  const LabelSet set = load("image,mood\na/1.jpg,sad\na/2.jpg,sad\na/1.jpg,0\n");
  EXPECT_TRUE(holds(set.videos[0].names, {"1.jpg", "2.jpg"}));
  EXPECT_EQ(refusal("image,mood\na/1.jpg,sad\n\na/1.jpg,happy\n"),
            ":4 = a/1.jpg: contradicts line 2 about the same image");
  EXPECT_EQ(refusal("video,frame,mood\nv,7,sad\nv,7.0,happy\n"),
            ":3 = v/7: contradicts line 2 about the same image");
}

TEST(LabelTableRefusal, OfAHeaderThatNamesNoRows) {
  EXPECT_EQ(refusal("picture,mood\na/1.jpg,sad\n"),
            ":1 = picture,mood: expected a header with the column image, or video and frame");
  EXPECT_TRUE(contains(refusal("images,mood\na/1.jpg,sad\n"), "did you mean image?"));
  EXPECT_TRUE(contains(refusal("video,frme,mood\nv,1,sad\n"), "did you mean frame?"));
  EXPECT_TRUE(contains(refusal("image,mood,mood\na/1.jpg,sad,sad\n"),
                       ":1 = mood: is the name of two columns"));
}

TEST(LabelTableRefusal, OfATableWithoutTheTask) {
  EXPECT_EQ(refusal("image,mod\na/1.jpg,sad\n"),
            ":1 = image,mod: has no labels of the task mood; expected a column mood; did you mean "
            "mood?");
  EXPECT_TRUE(contains(refusal("image,mood\na/1.jpg,sad\n", kUnits),
                       "has no labels of the task units; expected a column per output, such as "
                       "smile"));
}

TEST(LabelTableRefusal, NamesTheLineAndTheColumn) {
  EXPECT_EQ(refusal("image,mood\na/1.jpg,sad\na/2.jpg,hapy\n"),
            ":3: mood = hapy: expected one of sad, happy, Angry; very, a number from 0 to 2, or "
            "nothing where it is not known; did you mean happy?");
  for (const char* label : {"3", "-1", "1.5", "1e99", "inf", "0x1", "sad?"}) {
    EXPECT_TRUE(contains(refusal(std::string("image,mood\na/1.jpg,") + label + "\n"),
                         std::string(":2: mood = ") + label + ": expected one of"));
  }
  for (const char* label : {"2", "-1", "0.5", "y", "tru"}) {
    EXPECT_TRUE(contains(refusal(std::string("image,smile\na/1.jpg,") + label + "\n", kUnits),
                         std::string(":2: smile = ") + label + ": expected 0, 1, or nothing"));
  }
  for (const char* label : {"10.01", "-0.5", "inf", "2,5"}) {
    EXPECT_TRUE(contains(refusal(std::string("image;joy\na/1.jpg;") + label + "\n", kAffect),
                         std::string(":2: joy = ") + label + ": expected a number from 0 to 10"));
  }
}

TEST(LabelTableRefusal, OfRowsThatStandNowhere) {
  for (const char* frame : {"", "x", "1.5", "-1", "nan", "4e9"}) {
    EXPECT_TRUE(contains(refusal(std::string("video,frame,mood\nv,1,sad\nv,") + frame + ",sad\n"),
                         ":3: frame = "))
        << frame;
  }
  EXPECT_TRUE(contains(refusal("video,frame,mood\n,1,sad\n"), ":2: video = (empty): expected"));
  EXPECT_TRUE(contains(refusal("image,mood\n,sad\n"), ":2: image = (empty): expected"));
  EXPECT_TRUE(contains(refusal("image,mood\na/,sad\n"), ":2: image = a/: expected the path"));
  EXPECT_EQ(refusal("image,mood,split\na/1.jpg,sad,vall\n"),
            ":2: split = vall: expected train, validation or test");
  EXPECT_TRUE(contains(refusal("image,mood,split\na/1.jpg,sad,tset\n"), "did you mean test?"));
  EXPECT_TRUE(contains(refusal("image,mood,weight\na/1.jpg,sad,-1\n"),
                       ":2: weight = -1: expected a weight of at least 0"));
  EXPECT_TRUE(contains(refusal("image,mood,weight\na/1.jpg,sad,nan\n"), ":2: weight = nan"));
}

TEST(LabelTableRefusal, OfRowsOfAnotherSplitToo) {
  EXPECT_TRUE(contains(refusal("image,mood,split\na/1.jpg,sad,train\na/2.jpg,hapy,test\n"),
                       ":3: mood = hapy"));
}

TEST(LabelTableRefusal, OfWhatIsNoTable) {
  EXPECT_EQ(refusal("image,mood\na/1.jpg\n"), ":2 = 1 fields: expected 2, as the header has");
  EXPECT_TRUE(contains(refusal("image,mood\na/1.jpg,sad,\n"), ":2 = 3 fields: expected 2"));
  EXPECT_TRUE(contains(refusal("image,mood\na/1.jpg,\"sad\n"), "has a quote that is never closed"));
  EXPECT_TRUE(
      contains(refusal("image,mood\na/1.jpg,\"sad\"x\n"), ":2 = x: stands behind a closing quote"));
  const TemporaryFolder folder;
  const auto of = [&](const std::string& text) {
    const auto path = folder.write("l.csv", text);
    return refusal_of([&] { load_labels(path, kMood, Split::kTrain); });
  };
  EXPECT_TRUE(contains(of(""), "l.csv: is empty, expected a header and rows"));
  EXPECT_TRUE(contains(of(std::string("image,mood\n\0", 12)), "is not text"));
  EXPECT_TRUE(
      contains(refusal_of([&] { load_labels(folder.path() / "k.csv", kMood, Split::kTrain); }),
               "does not exist"));
}

}  // namespace
}  // namespace mien
