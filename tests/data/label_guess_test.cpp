#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/label_table.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

LabelTableFacts look(const std::string& text) {
  const TemporaryFolder folder;
  return look_at_label_table(folder.write("l.csv", text));
}

const Task* task_of(const LabelTableFacts& facts, const std::string& name) {
  for (const Task& task : facts.tasks) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

TEST(LabelGuess, TellsWhatTheColumnsLookLike) {
  const LabelTableFacts facts = look(
      "image,emotion,AU1,AU2,stars,joy,note,split,group,weight\n"
      "a/1.jpg,sad,1,0,4,.5,one,train,ann,1\n"
      "a/2.jpg,happy,0,0,0,-.5,two,train,bob,1\n"
      "a/3.jpg,sad,,1.0,2,.25,three,test,ann,1\n"
      "a/4.jpg,happy,1,0,3,,four,val,,1\n");
  EXPECT_EQ(facts.rows, 4);
  EXPECT_TRUE(facts.by_image);
  EXPECT_TRUE(facts.has_weights);
  EXPECT_EQ(facts.splits.at("train"), 2);
  ASSERT_NE(task_of(facts, "emotion"), nullptr);
  EXPECT_TRUE(holds(task_of(facts, "emotion")->outputs(), {"happy", "sad"}));
  ASSERT_NE(task_of(facts, "au"), nullptr) << "one task of what begins alike";
  EXPECT_TRUE(task_of(facts, "au")->is_binary());
  EXPECT_TRUE(holds(task_of(facts, "au")->outputs(), {"AU1", "AU2"}));
  ASSERT_NE(task_of(facts, "stars"), nullptr);
  EXPECT_TRUE(holds(task_of(facts, "stars")->outputs(), {"0", "1", "2", "3", "4"}));
  ASSERT_NE(task_of(facts, "joy"), nullptr);
  EXPECT_EQ(task_of(facts, "joy")->range(), (ValueRange{-1, 1}));
  EXPECT_TRUE(holds(facts.unused, {"note"}));
}

TEST(LabelGuess, OfRangesIsTheUsualOneThatHolds) {
  const auto range = [](const std::string& values) {
    const LabelTableFacts facts = look("video,frame,x\n" + values);
    return task_of(facts, "x")->range();
  };
  EXPECT_EQ(range("v,1,.5\nv,2,.1\n"), (ValueRange{0, 1}));
  EXPECT_EQ(range("v,1,.5\nv,2,-.1\n"), (ValueRange{-1, 1}));
  EXPECT_EQ(range("v,1,3.5\nv,2,97.2\n"), (ValueRange{3, 98}));
}

TEST(LabelGuess, ConstantsAndIdentifiersAreNoLabels) {
  const LabelTableFacts facts =
      look("video,frame,version,id\nv,1,2.5,aa\nv,2,2.5,bb\nv,3,2.5,cc\n");
  EXPECT_FALSE(facts.by_image);
  EXPECT_TRUE(facts.tasks.empty());
  EXPECT_TRUE(holds(facts.unused, {"version", "id"}));
}

TEST(LabelGuess, NeedsColumnsThatNameRows) {
  const TemporaryFolder folder;
  EXPECT_TRUE(has_label_rows(folder.write("a.csv", "Image;x\n")));
  EXPECT_TRUE(has_label_rows(folder.write("b.tsv", "x\tframe\tvideo\n")));
  EXPECT_FALSE(has_label_rows(folder.write("c.csv", "video,x\n")));
  EXPECT_FALSE(has_label_rows(folder.write("d.csv", "")));
  EXPECT_FALSE(has_label_rows(folder.path() / "none.csv"));
}

TEST(LabelGuess, OfADamagedTableNamesTheLine) {
  EXPECT_TRUE(contains(refusal_of([] { look("image,x\na/1.jpg,1\na/2.jpg\n"); }),
                       "l.csv:3 = 1 fields: expected 2"));
}

}  // namespace
}  // namespace mien
