#include "mien/submission/predict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "bank/bank_folder.h"
#include "expectations.h"
#include "head/small_heads.h"
#include "mien/core/digest.h"
#include "mien/core/text.h"
#include "mien/scoring/decisions_file.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

const std::vector<Task>& tasks() {
  static const std::vector<Task> kTasks = {
      Task("emotion", TaskKind::kClasses, {"calm", "happy", "sad"}),
      Task("pain", TaskKind::kContinuous, {"level"}, {0, 10}),
      Task("signs", TaskKind::kBinary, {"blink", "nod"})};
  return kTasks;
}

/// Embeddings of dimension 4, whose numbers are `first`, `first` + 1, ...
VideoRecord record_of(const std::vector<std::int32_t>& frames, float first) {
  VideoRecord record{.frames = frames};
  for (std::size_t i = 0; i < 4 * frames.size(); ++i) {
    record.embeddings.push_back(half_from_float(std::sin(first + static_cast<float>(i))));
  }
  return record;
}

/// Four photographs, of which the third could not be read.
VideoRecord photos() {
  VideoRecord record = record_of({1, 2, 4}, 20);
  record.names = {"ann.jpg", "bob, 5.jpg", "eve.jpg"};
  record.failed = {{3, "/photos/people/cat.jpg", "truncated"}};
  return record;
}

/// A run of three tasks of its own, a bank to ask it about, and the table that comes out.
class PredictTest : public ::testing::Test {
 protected:
  using Cells = std::map<std::string, std::string>;

  PredictTest() {
    HeadMetadata metadata;
    metadata.inputs = {{"clip", "digest of clip", 4}};
    for (const Task& task : tasks()) {
      metadata.statistics[task] = std::vector<double>(task.outputs().size(), .25);
    }
    const Head head =
        testing::initialised(testing::small_shape(4, 1, 5, .5, tasks()), 3, at::kFloat);
    save_head(folder_.path() / "best.safetensors", head, metadata);
    folder_.write("config.yaml", "");
  }

  DecidedRun run(std::vector<std::string> banks = {}) const {
    if (banks.empty()) banks = {bank_.path().string()};
    return open_decided_run(folder_.path(), "best", banks, /*raw=*/false);
  }

  /// Rows by "<video> <frame>".
  std::map<std::string, Cells> predicted() {
    const DecidedRun opened = run();
    const std::vector<std::string> videos = videos_of(opened);
    std::ostringstream out;
    PredictionWriter writer(out, opened.tasks, PredictionFormat::kCsv, any_images(opened, videos));
    summary_ = predict(opened, videos, "cpu", writer);
    std::map<std::string, Cells> rows;
    const std::string text = out.str();
    const auto lines = split(text, '\n');
    header_ = lines.front();
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
      Cells cells = cells_of(lines[i]);
      rows[cells["video"] + " " + cells["frame"]] = std::move(cells);
    }
    return rows;
  }

  /// Of every task over all frames of a video.
  void smooth_widely() {
    DecisionsFile file{.runs = {{.path = ".", .weights_sha256 = {}}}, .rules = {}};
    file.runs.front().weights_sha256 = sha256_of_file(folder_.path() / "best.safetensors");
    for (const Task& task : tasks()) {
      file.rules[task].smoothing = {SmoothingKind::kBox, 50};
    }
    write_decisions(decisions_path(folder_.path()), file);
  }

  BankFolder bank_{4};
  TemporaryFolder folder_;
  PredictSummary summary_;
  std::string header_;

 private:
  Cells cells_of(std::string_view line) const {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    Cells cells;
    const auto names = split(header_, ',');
    EXPECT_EQ(fields.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) cells[std::string(names[i])] = fields[i];
    return cells;
  }
};

const std::vector<std::string> kAnswers = {"emotion", "p_calm", "p_happy", "p_sad", "level",
                                           "blink",   "nod",    "p_blink", "p_nod"};

TEST_F(PredictTest, AFilmHasARowForEachFrameAndNoImages) {
  bank_.add("clip", record_of({1, 3}, 1));
  auto rows = predicted();
  EXPECT_EQ(header_,
            "video,frame,face,emotion,p_calm,p_happy,p_sad,level,blink,nod,p_blink,p_nod,seconds,"
            "reason");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows["clip 2"]["reason"], "no image");
  EXPECT_NEAR(std::stod(rows["clip 2"]["level"]),
              (std::stod(rows["clip 1"]["level"]) + std::stod(rows["clip 3"]["level"])) / 2, 1e-5);
  EXPECT_EQ(summary_.interpolated_rows, 1);
}

TEST_F(PredictTest, ImagesHaveTheirNamesAndOnlyTheRowsThatThereAre) {
  bank_.add("clip", record_of({1, 3}, 1));
  bank_.add("people", photos());
  auto rows = predicted();
  EXPECT_EQ(header_.substr(0, 25), "video,frame,image,face,em");
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_EQ(rows["clip 1"]["image"], "");
  EXPECT_EQ(rows["people 1"]["image"], "ann.jpg");
  EXPECT_EQ(rows["people 2"]["image"], "bob, 5.jpg");
  EXPECT_EQ(rows["people 4"]["image"], "eve.jpg");
  EXPECT_EQ(rows["people 4"]["face"], "1");
  EXPECT_EQ(rows["people 3"]["image"], "cat.jpg");
  EXPECT_EQ(rows["people 3"]["face"], "0");
  EXPECT_EQ(rows["people 3"]["reason"], "truncated");
  for (const std::string& name : kAnswers) EXPECT_EQ(rows["people 3"][name], "") << name;
  EXPECT_EQ(summary_.rows, 7);
  EXPECT_EQ(summary_.frames_without_face, 2);
  EXPECT_EQ(summary_.interpolated_rows, 1);
  EXPECT_TRUE(summary_.videos_without_embeddings.empty());
}

TEST_F(PredictTest, NoImageGetsAnythingOfItsNeighbours) {
  bank_.add("clip", record_of({1, 2, 3}, 1));
  bank_.add("people", photos());
  const auto raw = predicted();
  smooth_widely();
  auto smooth = predicted();
  EXPECT_NE(smooth["clip 1"], raw.at("clip 1"));
  for (const char* row : {"people 1", "people 2", "people 3", "people 4"}) {
    EXPECT_EQ(smooth[row], raw.at(row)) << row;
  }
}

TEST_F(PredictTest, BanksOfOtherImagesAreRefused) {
  bank_.add("people", photos());
  BankFolder other(4, "other");
  VideoRecord renamed = photos();
  renamed.names[1] = "carl.jpg";
  other.add("people", renamed);
  HeadMetadata metadata;
  metadata.inputs = {{"clip", "digest of clip", 4}, {"other", "digest of other", 4}};
  const Head head = testing::initialised(testing::small_shape(8, 1, 5, .5, tasks()), 3, at::kFloat);
  save_head(folder_.path() / "best.safetensors", head, metadata);
  const DecidedRun both = run({bank_.path().string(), other.path().string()});
  std::ostringstream out;
  PredictionWriter writer(out, both.tasks, PredictionFormat::kCsv, true);
  EXPECT_TRUE(contains(refusal_of([&] { predict(both, {"people"}, "cpu", writer); }),
                       "video = people: has bob, 5.jpg as its image 2 in one bank and carl.jpg"));
}

}  // namespace
}  // namespace mien
