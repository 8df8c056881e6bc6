#include "clip/clip_overlay.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"
#include "mien/data/canvas.h"
#include "mien/data/video_writer.h"

namespace mien {
namespace {

constexpr Colour kWhite = {245, 245, 245}, kGrey = {110, 110, 110}, kActive = {255, 170, 40},
                 kQuiet = {90, 160, 230}, kFound = {90, 220, 120};
constexpr double kUsualRate = 25;
constexpr double kLine = 14, kMargin = 6, kBar = 60, kLabel = 34, kCapital = 8;  ///< at 360 rows

/// Frames a second, from the time stamps.
double rate_of(const Clip& clip) {
  if (clip.frames.size() < 2) return kUsualRate;
  const double seconds =
      clip.frames.back().seconds.value_or(0) - clip.frames.front().seconds.value_or(0);
  const double rate = seconds > 0 ? static_cast<double>(clip.frames.size() - 1) / seconds : 0;
  return rate > 0.1 && rate < 1000 ? rate : kUsualRate;
}

const ClipTask* task_of(const ClipAnswers& answers, Task task) {
  const auto found = std::ranges::find(answers.tasks, task, &ClipTask::task);
  return found == answers.tasks.end() ? nullptr : &*found;
}

std::string caption_of(const ClipAnswers& answers, std::size_t frame) {
  std::string text;
  if (const ClipTask* expr = task_of(answers, Task::kExpr)) {
    const auto chosen = static_cast<std::size_t>(expr->decisions_at(frame).front());
    text = concat(kExpressionNames[chosen], " ", fixed(expr->probabilities_at(frame)[chosen], 2));
  }
  if (const ClipTask* va = task_of(answers, Task::kVa)) {
    const auto values = va->decisions_at(frame);
    text += concat(text.empty() ? "" : "  ", "V ", fixed(values[0], 2), " A ", fixed(values[1], 2));
  }
  return text;
}

/// Draws on one frame; sizes grow with the picture.
class Painter {
 public:
  explicit Painter(Image& image)
      : canvas_(image), unit_(std::max(1., std::min(image.width, image.height) / 360.)) {}

  void face(const Box& box, const std::string& caption) {
    const int thickness = std::max(1, static_cast<int>(2 * unit_));
    canvas_.outline(box, kFound, thickness);
    canvas_.text(caption, {box.left, std::max(box.top - 4 * unit_, 12 * unit_)}, 10 * unit_,
                 kFound);
  }

  void units(const ClipTask& au, std::size_t frame) {
    const auto probabilities = au.probabilities_at(frame);
    const auto active = au.decisions_at(frame);
    const double left = kMargin * unit_, bar = left + kLabel * unit_;
    const double rows = static_cast<double>(kActionUnits);
    canvas_.darken({0, 0, bar + (kBar + kMargin) * unit_, (rows * kLine + 2 * kMargin) * unit_},
                   .55);
    for (std::size_t i = 0; i < kActionUnits; ++i) {
      const double top = (kMargin + static_cast<double>(i) * kLine) * unit_;
      const double bottom = top + (kLine - 4) * unit_;
      const Colour& colour = active[i] > 0 ? kActive : kQuiet;
      canvas_.text(kActionUnitNames[i], {left, bottom}, kCapital * unit_,
                   active[i] > 0 ? kActive : kWhite);
      canvas_.fill({bar, top, bar + kBar * unit_, bottom}, kGrey);
      canvas_.fill({bar, top, bar + kBar * unit_ * probabilities[i], bottom}, colour);
    }
  }

 private:
  Canvas canvas_;
  double unit_;
};

void paint(Image& image, const ClipFrame& frame, std::size_t index,
           const std::vector<ClipAnswers>& answers) {
  Painter painter(image);
  for (const ClipAnswers& person : answers) {
    if (!person.is_in(frame)) continue;
    painter.face(person.face_in(frame)->box, caption_of(person, index));
  }
  const ClipTask* au = task_of(answers.front(), Task::kAu);
  if (au != nullptr && answers.front().is_in(frame)) painter.units(*au, index);
}

}  // namespace

void write_overlay(FrameSource& source, const Clip& clip, const std::vector<ClipAnswers>& answers,
                   const std::filesystem::path& out, const std::function<void()>& on_frame) {
  VideoWriter writer(write_target(out, "--overlay"), "--overlay", clip.width, clip.height,
                     rate_of(clip));
  Image black{clip.width, clip.height, {}};
  black.pixels.resize(static_cast<std::size_t>(clip.width) * static_cast<std::size_t>(clip.height) *
                      3);
  Frame frame;
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    if (!source.next(frame)) {
      throw InputError("--overlay", out.string(),
                       concat("its video gave ", i, " frames, after ", clip.frames.size(),
                              " when it was looked at; expected a file that stays as it is"));
    }
    throw_if_interrupted("the overlay is kept only when it is complete");
    Image& image = frame.image;
    if (image.width != clip.width || image.height != clip.height) image = black;
    paint(image, clip.frames[i], i, answers);
    writer.write(image);
    on_frame();
  }
  writer.commit();
}

}  // namespace mien
