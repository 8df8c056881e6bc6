#include "mien/submission/prediction_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "mien/data/challenge.h"

namespace mien {
namespace {

const Task kEmotion("emotion", TaskKind::kClasses, {"calm", "very happy"});
const Task kSigns("signs", TaskKind::kBinary, {"blink", "nod"});
const Task kPain("pain", TaskKind::kContinuous, {"level"}, {0, 10});

std::string header_of(const std::vector<Task>& tasks, bool with_images = false) {
  std::ostringstream out;
  const PredictionWriter writer(out, tasks, PredictionFormat::kCsv, with_images);
  return out.str();
}

/// What one row says of the three tasks.
class Row {
 public:
  Row()
      : row_{.video = "v",
             .frame = 7,
             .has_face = true,
             .answers = {{kEmotion, emotion_, happy_},
                         {kSigns, signs_, nods_},
                         {kPain, pain_, pain_level_}},
             .seconds = .28,
             .reason = {}} {}

  /// In a table of these tasks, without its header.
  std::string text(PredictionFormat format, bool with_images = false) const {
    std::ostringstream out;
    PredictionWriter writer(out, {kEmotion, kSigns, kPain}, format, with_images);
    out.str({});
    writer.write(row_);
    return out.str();
  }

  PredictionRow& row() { return row_; }

 private:
  std::vector<float> emotion_ = {.25F, .75F}, signs_ = {.5F, .125F}, pain_ = {2.5F};
  std::vector<double> happy_ = {1}, nods_ = {1, 0}, pain_level_ = {2.5};
  PredictionRow row_;
};

TEST(PredictionWriterTest, ColumnsOfTheChallengeAreWhatTheyWere) {
  const std::string expected =
      "video,frame,face,expression,p_Neutral,p_Anger,p_Disgust,p_Fear,p_Happiness,p_Sadness,"
      "p_Surprise,p_Other,AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26,p_AU1,p_AU2,p_AU4,"
      "p_AU6,p_AU7,p_AU10,p_AU12,p_AU15,p_AU23,p_AU24,p_AU25,p_AU26,valence,arousal,seconds,"
      "reason\n";
  EXPECT_EQ(header_of({expr_task(), au_task(), va_task()}), expected);
  EXPECT_EQ(header_of({va_task(), au_task(), expr_task()}), expected);
}

TEST(PredictionWriterTest, ColumnsHaveTheNamesOfTheOutputsInTheTasksOrder) {
  EXPECT_EQ(header_of({kSigns, kPain, kEmotion}),
            "video,frame,face,emotion,p_calm,p_very happy,level,blink,nod,p_blink,p_nod,seconds,"
            "reason\n");
  EXPECT_EQ(header_of({kPain}, true), "video,frame,image,face,level,seconds,reason\n");
}

TEST(PredictionWriterTest, NoColumnIsThereTwice) {
  const Task left("left", TaskKind::kBinary, {"blink"}),
      right("right", TaskKind::kBinary, {"blink"});
  EXPECT_EQ(header_of({left, right}),
            "video,frame,face,blink,p_blink,right_blink,p_right_blink,seconds,reason\n");
  EXPECT_EQ(header_of({Task("x", TaskKind::kContinuous, {"face"})}),
            "video,frame,face,x_face,seconds,reason\n");
}

TEST(PredictionWriterTest, ARowHasTheClassItsProbabilitiesAndValues) {
  EXPECT_EQ(Row().text(PredictionFormat::kCsv),
            "v,7,1,very happy,0.25,0.75,2.5,1,0,0.5,0.125,0.28,\n");
  const auto object = nlohmann::json::parse(Row().text(PredictionFormat::kJsonLines));
  EXPECT_EQ(object, nlohmann::json::parse(R"({"video": "v", "frame": 7, "face": 1,
      "emotion": "very happy", "p_calm": 0.25, "p_very happy": 0.75, "level": 2.5, "blink": 1,
      "nod": 0, "p_blink": 0.5, "p_nod": 0.125, "seconds": 0.28, "reason": ""})"));
}

TEST(PredictionWriterTest, AnswersMayComeInAnyOrderButMustBeThere) {
  Row row;
  std::swap(row.row().answers[0], row.row().answers[2]);
  EXPECT_EQ(row.text(PredictionFormat::kCsv), Row().text(PredictionFormat::kCsv));
  row.row().answers.pop_back();
  EXPECT_THROW(row.text(PredictionFormat::kCsv), std::logic_error);
}

TEST(PredictionWriterTest, WhatIsNotSaidIsEmpty) {
  Row row;
  row.row().has_face = false;
  row.row().answers = {{kEmotion, {}, {}}, {kPain, {}, {}}, {kSigns, {}, {}}};
  row.row().seconds.reset();
  row.row().reason = "truncated, or so";
  row.row().image = "ann, at 5.jpg";
  EXPECT_EQ(row.text(PredictionFormat::kCsv, true),
            "v,7,\"ann, at 5.jpg\",0,,,,,,,,,,\"truncated, or so\"\n");
  const auto object = nlohmann::json::parse(row.text(PredictionFormat::kJsonLines, true));
  EXPECT_EQ(object["image"], "ann, at 5.jpg");
  for (const char* name : {"emotion", "p_calm", "blink", "p_nod", "level", "seconds"}) {
    EXPECT_TRUE(object.at(name).is_null()) << name;
  }
  row.row().image = {};  // a film's frame in the same table
  EXPECT_EQ(row.text(PredictionFormat::kCsv, true), "v,7,,0,,,,,,,,,,\"truncated, or so\"\n");
}

TEST(PredictionWriterTest, AnyNameIsJson) {
  const Task task("größe\\", TaskKind::kBinary, {"a\\b", "ü"});
  std::ostringstream out;
  PredictionWriter writer(out, {task}, PredictionFormat::kJsonLines);
  const std::vector<float> p = {.5F, .25F};
  const std::vector<double> decisions = {1, 0};
  writer.write({.video = "v",
                .frame = 1,
                .has_face = true,
                .answers = {{task, p, decisions}},
                .seconds = {},
                .reason = {}});
  const auto object = nlohmann::json::parse(out.str());
  EXPECT_EQ(object.at("p_a\\b"), .5);
  EXPECT_EQ(object.at("ü"), 0);
}

}  // namespace
}  // namespace mien
