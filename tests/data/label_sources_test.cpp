// Folders of images per class, several sources side by side, and who belongs together.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/data/annotations.h"
#include "mien/data/challenge.h"
#include "mien/data/labels.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using nlohmann::json;
using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

const Task kMood("mood", TaskKind::kClasses, {"sad", "happy", "other"});
const Task kUnits("units", TaskKind::kBinary, {"smile", "frown"});

std::vector<std::string> videos_of(const LabelSet& set) {
  std::vector<std::string> names;
  for (const VideoLabels& video : set.videos) names.push_back(video.video);
  return names;
}

/// The groups of all rows, in their order.
std::vector<std::string> groups_of(const LabelSet& set) {
  std::vector<std::string> groups;
  for (const VideoLabels& video : set.videos) {
    for (std::size_t i = 0; i < video.size(); ++i) groups.push_back(set.group_of(video, i));
  }
  return groups;
}

LabelSet load(const Annotations& annotations, const std::string& pattern = {},
              const Task& task = kMood) {
  return load_labels(annotations, std::vector<Task>{task}, Split::kTrain, pattern).front();
}

/// Sources as a config gives them, with `{}` for the folder.
Annotations annotations_of(const TemporaryFolder& folder, std::string text) {
  for (std::size_t at = 0; (at = text.find("{}", at)) != std::string::npos;) {
    text.replace(at, 2, folder.path().string());
  }
  return annotations_from_json(json::parse(text), "annotations");
}

/// A folder of images per class.
void write_folders(const TemporaryFolder& root, const std::vector<std::string>& images) {
  for (const std::string& image : images) root.write(image, "x");
}

TEST(ClassFolders, NameTheClassesOfTheirImages) {
  const TemporaryFolder root;
  write_folders(root, {"Happy/b.jpg", "Happy/a.PNG", "Happy/notes.txt", "0/c.jpeg", "empty/x.md"});
  const LabelSet set = load(root.path());
  EXPECT_TRUE(holds(videos_of(set), {"0", "Happy"}));
  EXPECT_TRUE(holds(set.videos[1].names, {"a.PNG", "b.jpg"}));
  EXPECT_TRUE(holds(set.videos[1].values, {1, 1}));
  EXPECT_TRUE(holds(set.videos[0].values, {0}));
  EXPECT_TRUE(holds(groups_of(set), {"0/c.jpeg", "Happy/a.PNG", "Happy/b.jpg"}))
      << "images that are no film are alone";
  EXPECT_TRUE(load_labels(root.path(), kMood, Split::kValidation).videos.empty());
}

TEST(ClassFolders, AFolderThatNamesNoClassIsRefusedOrMapped) {
  const TemporaryFolder root;
  write_folders(root, {"happi/a.jpg", "sad/a.jpg", "contempt/b.jpg"});
  const auto with = [&](const std::string& map) {
    return annotations_of(root, R"({"path": "{}", "map": {"mood": )" + map + "}}");
  };
  EXPECT_EQ(refusal_of([&] { load(with(R"({"contempt": "other"})")); }),
            root.path().string() +
                ": folder = happi: is no class of the task mood: expected one of sad, happy, "
                "other; did you mean happy?");
  const LabelSet set = load(with(R"({"contempt": "other", "happi": null})"));
  EXPECT_TRUE(holds(videos_of(set), {"contempt", "sad"})) << "null: not known";
  EXPECT_TRUE(holds(set.videos[0].values, {2}));
  EXPECT_TRUE(contains(refusal_of([&] { load(with(R"({"contempt": "othr"})")); }), "contempt"));
}

TEST(ClassFolders, SayNothingOfOtherKinds) {
  const TemporaryFolder root;
  write_folders(root, {"sad/a.jpg", "happy/a.jpg"});
  EXPECT_TRUE(contains(refusal_of([&] { load(root.path(), "", kUnits); }),
                       "is a folder of images per class, which says nothing of the task units"));
}

TEST(Sources, StandSideBySide) {
  const TemporaryFolder root;
  root.write("a.csv", "video,frame,mood,smile\nv,1,sad,1\nv,3,happy,\nw,1,sad,0\n");
  root.write("b.csv", "video,frame,mood,frown\nv,1,sad,0\nv,2,happy,1\nx,9,happy,1\n");
  const Annotations both = annotations_of(root, R"(["{}/a.csv", "{}/b.csv"])");
  const auto sets = load_labels(both, {kMood, kUnits}, Split::kTrain);
  EXPECT_TRUE(holds(videos_of(sets[0]), {"v", "w", "x"}));
  EXPECT_TRUE(holds(sets[0].videos[0].frames, {1, 2, 3}));
  EXPECT_TRUE(holds(sets[0].videos[0].values, {0, 1, 1}));
  const double none = kUnknown;
  EXPECT_TRUE(holds(sets[1].videos[0].frames, {1, 2}));
  EXPECT_TRUE(same_values(sets[1].videos[0].values, std::vector<double>{1, 0, none, 1}))
      << "each knows what the other does not";
  EXPECT_EQ(sets[0].files.size(), 2U);
}

TEST(Sources, ATaskThatOneLacksIsTheOthers) {
  const TemporaryFolder root;
  root.write("a.csv", "video,frame,mood\nv,1,sad\n");
  root.write("b.csv", "video,frame,smile\nx,9,1\n");
  const Annotations both = annotations_of(root, R"(["{}/a.csv", "{}/b.csv"])");
  const auto sets = load_labels(both, {kMood, kUnits}, Split::kTrain);
  EXPECT_TRUE(holds(videos_of(sets[0]), {"v"}));
  EXPECT_TRUE(holds(videos_of(sets[1]), {"x"}));
  const Task neither("eyes", TaskKind::kBinary, {"open"});
  EXPECT_TRUE(contains(refusal_of([&] { load(both, "", neither); }),
                       "has no labels of the task eyes; expected a column per output"));
}

TEST(Sources, OfTheChallengeMixWithTables) {
  const TemporaryFolder root;
  root.write("abaw/EXPR_Recognition_Challenge/Train_Set/v.txt",
             "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n4\n-1\n");
  root.write("own.csv", "image,expr\nphotos/anna.jpg,happiness\nphotos/bob.jpg,Contempt\n");
  const LabelSet set = load(annotations_of(root, R"(["{}/abaw", {"path": "{}/own.csv",
                                 "map": {"expr": {"Contempt": "Other"}}}])"),
                            "", expr_task());
  EXPECT_TRUE(holds(videos_of(set), {"photos", "v"}));
  EXPECT_TRUE(holds(set.videos[0].values, {4, 7}));
  EXPECT_TRUE(same_values(set.videos[1].values, std::vector<double>{4, kUnknown}));
  EXPECT_EQ(set.partly_known, PartlyKnown::kMaskValue);
}

TEST(Sources, MapTheirOwnLabels) {
  const TemporaryFolder root;
  root.write("a.csv", "video,frame,mood\nv,1,joy\nv,2,sad\nv,3,drop\n");
  root.write("b.csv", "video,frame,mood\nw,1,happy\n");
  const LabelSet set = load(annotations_of(root, R"([{"path": "{}/a.csv",
      "map": {"mood": {"joy": "happy", "drop": ""}}}, "{}/b.csv"])"));
  EXPECT_TRUE(holds(set.videos[0].frames, {1, 2}));
  EXPECT_TRUE(holds(set.videos[0].values, {1, 0}));
  EXPECT_TRUE(
      contains(refusal_of([&] { load(annotations_of(root, R"(["{}/b.csv", "{}/a.csv"])")); }),
               "a.csv:2: mood = joy"));
}

TEST(SourcesRefusal, OfContradictions) {
  const TemporaryFolder root;
  root.write("a.csv", "video,frame,mood\nv,1,sad\n");
  root.write("b.csv", "video,frame,mood\nv,1,happy\n");
  EXPECT_EQ(refusal_of([&] { load(annotations_of(root, R"(["{}/a.csv", "{}/b.csv"])")); }),
            "annotations = v frame 1: two sources contradict each other");
  root.write("c.csv", "image,mood\nv/a.jpg,sad\n");
  EXPECT_TRUE(
      contains(refusal_of([&] { load(annotations_of(root, R"(["{}/a.csv", "{}/c.csv"])")); }),
               "annotations = v: is a film in one source and a folder of images in another"));
}

TEST(Groups, OfSeveralSourcesKeepTheirNames) {
  const TemporaryFolder root;
  root.write("a.csv", "video,frame,mood,group\nv,1,sad,ann\nw,1,sad,bob\n");
  root.write("b.csv", "video,frame,mood,group\nx,1,sad,bob\ny_left,1,sad,\n");
  root.write("c.csv", "video,frame,mood\nz_right,1,sad\n");
  EXPECT_TRUE(
      holds(groups_of(load(annotations_of(root, R"(["{}/a.csv", "{}/b.csv", "{}/c.csv"])"))),
            {"ann", "bob", "bob", "y", "z"}))
      << "a film without a group is its recording's";
}

TEST(Groups, AreFoundInNamesByAPattern) {
  const TemporaryFolder root;
  root.write("films.csv", "video,frame,mood\nann-1,1,sad\nann-2,1,sad\nbob-1,1,sad\n");
  root.write("photos.csv",
             "image,mood,group\np/cy-a1.jpg,sad,\np/cy-b2.jpg,sad,\np/dan.jpg,sad,d\n");
  EXPECT_TRUE(
      holds(groups_of(load(root.path() / "films.csv", "^([^-]+)-")), {"ann", "ann", "bob"}));
  EXPECT_TRUE(holds(groups_of(load(root.path() / "photos.csv", "^([a-z]+)")), {"cy", "cy", "d"}))
      << "a column comes first";
  EXPECT_TRUE(
      holds(groups_of(load(root.path() / "photos.csv")), {"p/cy-a1.jpg", "p/cy-b2.jpg", "d"}));
}

TEST(Groups, OfFilmsGivenAsImagesAreRecordings) {
  const TemporaryFolder root;
  root.write("a.csv",
             "image,mood\nv_left/00001.jpg,sad\nv_left/00002.jpg,sad\nv_right/00001.jpg,sad\n");
  EXPECT_TRUE(holds(groups_of(load(root.path() / "a.csv")), {"v", "v", "v"}));
}

TEST(GroupsRefusal, OfAPatternThatFindsNothing) {
  const TemporaryFolder root;
  const auto file = root.write("a.csv", "video,frame,mood\nann-1,1,sad\nbob,1,sad\n");
  const auto refusal = [&](const std::string& pattern) {
    return refusal_of([&] { load(file, pattern); });
  };
  EXPECT_EQ(refusal("^([^-]+)-"), "split.group = ^([^-]+)-: does not match bob");
  EXPECT_TRUE(contains(refusal("(ann"), "split.group = (ann: is no regular expression"));
  EXPECT_TRUE(contains(refusal("ann"), "split.group = ann: expected a group in parentheses"));
}

TEST(AnnotationsJson, ComeBackAsTheyWere) {
  EXPECT_EQ(to_json(Annotations("/labels")), "/labels");
  EXPECT_EQ(to_json(Annotations()), "");
  EXPECT_TRUE(annotations_from_json("", "annotations").empty());
  const auto mixed = json::parse(R"(["/a.csv", {"path": "/b", "bank": ["/x", "/y"],
                                      "map": {"mood": {"joy": "happy", "1": ""}}}])");
  const Annotations annotations = annotations_from_json(mixed, "annotations");
  EXPECT_EQ(to_json(annotations), mixed);
  EXPECT_EQ(annotations.text(), "/a.csv, /b");
  EXPECT_EQ(annotations_from_json(to_json(annotations), "annotations"), annotations);
  EXPECT_EQ(annotations_from_json("b/../a", "annotations").sources[0].path,
            (std::filesystem::current_path() / "a").string());
}

TEST(AnnotationsJsonRefusal, NamesTheKeyAndTheNearMiss) {
  const auto refusal = [](const std::string& text) {
    return refusal_of([&] { annotations_from_json(json::parse(text), "annotations"); });
  };
  EXPECT_EQ(refusal(R"({"path": "/a", "mpa": {}})"),
            "annotations: key = mpa: expected path, bank or map; did you mean map?");
  EXPECT_TRUE(contains(refusal(R"({"bank": "/a"})"), "has no path"));
  EXPECT_TRUE(contains(refusal(R"({"path": ""})"), "annotations: path = \"\": expected a path"));
  EXPECT_TRUE(contains(refusal("3"), "annotations = 3: expected a path"));
  EXPECT_TRUE(contains(refusal(R"({"path": "/a", "map": "x"})"), "annotations: map = \"x\""));
  EXPECT_TRUE(contains(refusal(R"({"path": "/a", "map": {"mood": ["a"]}})"),
                       "annotations: map: mood = [\"a\"]: expected a mapping of labels"));
}

}  // namespace
}  // namespace mien
