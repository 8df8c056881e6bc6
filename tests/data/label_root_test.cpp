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

const std::string kExpr = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n1\n";

std::string refusal(const std::filesystem::path& root, Task task = expr_task()) {
  return refusal_of([&] { load_labels(root, task, Split::kTrain); });
}

TEST(AnnotationRoot, BothNamesOfTheExpressionFolderAreKnown) {
  for (const char* name : {"EXPR_Classification_Challenge", "EXPR_Recognition_Challenge"}) {
    const TemporaryFolder root;
    root.write(std::string(name) + "/Train_Set/v.txt", kExpr);
    EXPECT_EQ(load_labels(root.path(), expr_task(), Split::kTrain).videos.size(), 1U);
  }
}

TEST(AnnotationRoot, BothNamesAtOnceAreAmbiguous) {
  const TemporaryFolder root;
  root.write("EXPR_Classification_Challenge/Train_Set/v.txt", kExpr);
  root.write("EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  EXPECT_TRUE(contains(refusal(root.path()), "holds both EXPR_Classification_Challenge and"));
}

TEST(AnnotationRoot, TheFolderAboveWillDo) {
  const TemporaryFolder root;
  root.write("6th ABAW Annotations/EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  root.write("cropped_aligned/v/00001.jpg", "x");
  EXPECT_EQ(load_labels(root.path(), expr_task(), Split::kTrain).videos.size(), 1U);
  EXPECT_TRUE(holds(tasks_in(root.path()), {expr_task()}));
}

TEST(AnnotationRoot, SeveralCandidatesAreListed) {
  const TemporaryFolder root;
  root.write("5th_ABAW_Annotations/EXPR_Classification_Challenge/Train_Set/v.txt", kExpr);
  root.write("6th_ABAW_Annotations/EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  EXPECT_TRUE(contains(refusal(root.path()),
                       "expected one of them: 5th_ABAW_Annotations, 6th_ABAW_Annotations; did you "
                       "mean " +
                           (root.path() / "6th_ABAW_Annotations").string()));
  EXPECT_EQ(annotation_roots(root.path()).size(), 2U);
  EXPECT_TRUE(tasks_in(root.path()).empty());
}

TEST(AnnotationRoots, AreTheFolderItselfOrThoseInIt) {
  const TemporaryFolder root;
  root.write("some/EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  root.write("lists/training_set_annotations.txt", "header\n");
  root.write("else/x.txt", "");
  EXPECT_TRUE(holds(annotation_roots(root.path()), {root.path() / "lists", root.path() / "some"}));
  EXPECT_TRUE(holds(annotation_roots(root.path() / "some"), {root.path() / "some"}));
  EXPECT_TRUE(annotation_roots(root.path() / "else").empty());
  EXPECT_TRUE(annotation_roots(root.path() / "nowhere").empty());
}

TEST(AnnotationRoot, AMisspeltChallengeFolderIsNamed) {
  const TemporaryFolder root;
  root.write("EXPR_Recognition_Chalenge/Train_Set/v.txt", kExpr);
  const std::string message = refusal(root.path());
  EXPECT_TRUE(contains(message, "holds EXPR_Recognition_Chalenge, expected a folder with "));
  EXPECT_TRUE(contains(message, "did you mean EXPR_Recognition_Challenge?"));
}

TEST(AnnotationRoot, AMissingTaskIsNamed) {
  const TemporaryFolder root;
  root.write("EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  EXPECT_TRUE(contains(refusal(root.path(), au_task()),
                       "no labels of the task au, expected the folder AU_Detection_Challenge"));
  root.write("AU_Detection_Chalenge/Train_Set/v.txt", "");
  EXPECT_TRUE(contains(refusal(root.path(), au_task()), "(found AU_Detection_Chalenge)"));
}

TEST(AnnotationRoot, AFolderTooDeepIsSentBackUp) {
  const TemporaryFolder root;
  root.write("EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  const std::string meant = "did you mean " + root.path().string() + "?";
  EXPECT_TRUE(contains(refusal(root.path() / "EXPR_Recognition_Challenge"), meant));
  EXPECT_TRUE(contains(refusal(root.path() / "EXPR_Recognition_Challenge/Train_Set/"), meant));
}

TEST(AnnotationRoot, RefusesNothingAndFilesAndEmptyFolders) {
  const TemporaryFolder root;
  root.write("annotations/x.md", "");
  EXPECT_TRUE(contains(refusal(root.path() / "anotations"), "does not exist"));
  EXPECT_TRUE(contains(refusal(root.path() / "annotations/x.md"), "expected a folder"));
  EXPECT_TRUE(contains(refusal(root.path()), "expected a folder with EXPR_Classification"));
}

TEST(AnnotationRoot, KnowsMultitaskListsFromChallengeFolders) {
  const TemporaryFolder root;
  root.write("lists/training_set_annotations.txt", "header\n");
  root.write("challenges/EXPR_Recognition_Challenge/Train_Set/v.txt", kExpr);
  EXPECT_TRUE(is_multitask_root(root.path() / "lists"));
  EXPECT_FALSE(is_multitask_root(root.path() / "challenges"));
  EXPECT_FALSE(is_multitask_root(root.path() / "nowhere"));
  EXPECT_TRUE(holds(tasks_in(root.path() / "lists"), {expr_task(), au_task(), va_task()}));
}

}  // namespace
}  // namespace mien
