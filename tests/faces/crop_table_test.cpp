#include "crop_table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace {

TrackedFace face(std::int64_t id, bool landmarks = true) {
  TrackedFace made{.id = id, .detection = {.box = {1, 2, 3.456, 4}, .confidence = .98765}};
  if (landmarks) made.detection.landmarks = Landmarks{};
  return made;
}

FaceFrame frame(std::int64_t number, std::vector<TrackedFace> faces, std::string problem = {}) {
  FaceFrame made;
  made.frame.number = number;
  made.frame.seconds = static_cast<double>(number - 1) / 25;
  made.frame.problem = std::move(problem);
  made.faces = std::move(faces);
  return made;
}

struct Finished {
  std::vector<std::string> lines;
  std::int64_t without_main = 0;
};

Finished finished(const std::vector<FaceFrame>& frames, std::optional<std::int64_t> only = {},
                  const std::string& video = "clip") {
  std::stringstream kept;
  for (const FaceFrame& one : frames) write_rows(kept, one);
  std::ostringstream out;
  const RowContext context{
      .video = video, .detector = "mtcnn", .only = only, .folder_of = [](std::int64_t id) {
        return concat("folder", id);
      }};
  Finished result{.without_main = finish_rows(kept, out, context)};
  const std::string text = out.str();
  for (const std::string_view line : lines_of(text)) result.lines.emplace_back(line);
  return result;
}

TEST(CropTable, ARowAFaceWithAsManyFieldsAsTheHeader) {
  const auto [lines, without] = finished({frame(26, {face(1), face(2, false)})});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            "clip,26,1.0000,1,1.00,2.00,3.46,4.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,"
            "0.00,0.9877,folder1/00026.jpg,mtcnn,,");
  const std::string header = table_header();
  for (const std::string& line : lines) {
    EXPECT_EQ(split(line, ',').size(), split(header, ',').size()) << line;
  }
}

TEST(CropTable, AFrameWithoutAFaceHasOneRowWithAReason) {
  const auto [lines, without] = finished({frame(1, {}), frame(2, {}, "cannot be decoded")});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "clip,1,0.0000,,,,,,,,,,,,,,,,,,mtcnn,no face,");
  EXPECT_TRUE(lines[1].ends_with(",mtcnn,cannot be decoded,"));
}

TEST(CropTable, AFrameWithoutANumberHasNoneAndAReasonStaysOnItsLine) {
  const auto [lines, without] =
      finished({frame(7, {face(1)}), frame(kNoNumber, {}, "no number: a\nb.jpg")});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[1].starts_with("clip,,")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(",mtcnn,no number: a b.jpg,")) << lines[1];
}

TEST(CropTable, OnlyTheMainFaceKeepsARowAFrame) {
  const auto [lines, without] =
      finished({frame(1, {face(1), face(2)}), frame(2, {face(1)}), frame(3, {}),
                frame(4, {face(2)}), frame(5, {face(1), face(3)})},
               2);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(without, 2);
  EXPECT_TRUE(lines[0].starts_with("clip,1,0.0000,2,"));
  EXPECT_TRUE(lines[1].starts_with("clip,2,0.0400,,"));
  EXPECT_TRUE(lines[1].ends_with("the main face is not seen,"));
  EXPECT_TRUE(lines[2].ends_with("no face,"));
  EXPECT_TRUE(lines[3].starts_with("clip,4,0.1200,2,"));
  EXPECT_TRUE(lines[4].ends_with("the main face is not seen,"));
}

TEST(CropTable, ASecondImageOfTheLastNumberIsAFrameOfItsOwn) {
  const std::string reason = "duplicate frame number: 2.png";
  const auto [lines, without] = finished(
      {frame(1, {face(1)}), frame(2, {face(2)}), frame(2, {}, reason), frame(2, {}, reason)}, 1);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(without, 1);
  EXPECT_TRUE(lines[1].starts_with("clip,2,")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with("the main face is not seen,")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with(reason + ",")) << lines[2];
  EXPECT_EQ(lines[2], lines[3]);
}

TEST(CropTable, NamesAndReasonsWithCommasAreQuoted) {
  std::stringstream kept;
  write_problem(kept, "ends early, \"cut\"");
  std::ostringstream out;
  finish_rows(kept, out, {.video = "a,b", .detector = "haar"});
  EXPECT_EQ(out.str(), "\"a,b\",,,,,,,,,,,,,,,,,,,,haar,\"ends early, \"\"cut\"\"\",\n");
}

TEST(CropTable, NumbersBeyondFiveDigitsStayWhole) {
  EXPECT_EQ(crop_name(7), "00007.jpg");
  EXPECT_EQ(crop_name(1234567), "1234567.jpg");
}

TEST(CropTable, PhotosKeepTheirNames) {
  std::stringstream kept;
  write_rows(kept, frame(1, {face(1)}));
  write_rows(kept, frame(2, {face(1)}));
  std::ostringstream out;
  finish_rows(kept, out,
              {.video = "party",
               .detector = "haar",
               .folder_of = [](std::int64_t) { return std::string("party"); },
               .images = {{1, "ann.png"}, {2, "bob, left.JPG"}},
               .crops_are_named = true});
  const std::string text = out.str();
  EXPECT_NE(text.find(",party/ann.png.jpg,haar,,ann.png\n"), std::string::npos) << text;
  EXPECT_NE(text.find(",\"party/bob, left.JPG\",haar,,\"bob, left.JPG\"\n"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace mien
