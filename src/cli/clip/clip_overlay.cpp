#include "clip/clip_overlay.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"
#include "mien/data/canvas.h"
#include "mien/data/challenge.h"
#include "mien/data/video_writer.h"

namespace mien {
namespace {

constexpr Colour kWhite = {245, 245, 245}, kGrey = {110, 110, 110}, kActive = {255, 170, 40},
                 kQuiet = {90, 160, 230}, kFound = {90, 220, 120};
constexpr double kUsualRate = 25;
constexpr double kLine = 14, kMargin = 6, kBar = 60, kLabel = 34, kCapital = 8, kLetter = 7.5,
                 kCaptionLine = 14;  ///< at 360 rows
constexpr std::size_t kMostBars = 16, kMostLines = 8, kLongestName = 16;

/// Frames a second, from the time stamps.
double rate_of(const Clip& clip) {
  if (clip.frames.size() < 2) return kUsualRate;
  const double seconds =
      clip.frames.back().seconds.value_or(0) - clip.frames.front().seconds.value_or(0);
  const double rate = seconds > 0 ? static_cast<double>(clip.frames.size() - 1) / seconds : 0;
  return rate > 0.1 && rate < 1000 ? rate : kUsualRate;
}

/// Names of the tasks' values, none twice.
std::vector<TaskColumns> columns_of(const ClipAnswers& answers) {
  std::vector<Task> tasks;
  for (const ClipTask& task : answers.tasks) tasks.push_back(task.task);
  return table_columns(tasks);
}

/// As it can be drawn: in ASCII, and not too long.
std::string drawable(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else if (byte >= 0xc0) {
      text += '?';  // a character's first byte, for all of them
    }
  }
  if (text.size() > kLongestName) text.replace(kLongestName - 2, std::string::npos, "..");
  return text;
}

/// "happy 0.93": the decision and its probability.
std::string class_text(const ClipTask& task, std::size_t frame) {
  const auto chosen = static_cast<std::size_t>(task.decisions_at(frame).front());
  return concat(drawable(task.task.outputs()[chosen]), " ",
                fixed(task.probabilities_at(frame)[chosen], 2));
}

/// "V 0.12 A -0.30"
std::string initials_text(const ClipTask& task, std::size_t frame) {
  std::string text;
  for (std::size_t i = 0; i < task.task.outputs().size(); ++i) {
    const auto initial = static_cast<unsigned char>(task.task.outputs()[i].front());
    text += concat(i == 0 ? "" : " ", static_cast<char>(std::toupper(initial)), " ",
                   fixed(task.decisions_at(frame)[i], 2));
  }
  return text;
}

/// What is said beside a face: the first task of classes, and what the challenge measures; below
/// them a line for each other task of classes, and for each other value.
std::vector<std::string> caption_of(const ClipAnswers& answers, std::size_t frame) {
  std::string first;
  std::vector<std::string> others;
  bool has_class = false;
  const std::vector<TaskColumns> columns = columns_of(answers);
  for (std::size_t t = 0; t < answers.tasks.size(); ++t) {
    const ClipTask& task = answers.tasks[t];
    if (task.task.is_classes()) {
      const std::string text = class_text(task, frame);
      if (std::exchange(has_class, true)) {
        others.push_back(drawable(task.task.name()) + ": " + text);
      } else {
        first = first.empty() ? text : text + "  " + first;
      }
    } else if (task.task.is_continuous() && is_challenge_task(task.task)) {
      first += (first.empty() ? "" : "  ") + initials_text(task, frame);
    } else if (task.task.is_continuous()) {
      for (std::size_t i = 0; i < columns[t].probabilities.size(); ++i) {
        others.push_back(drawable(columns[t].probabilities[i]) + " " +
                         fixed(task.decisions_at(frame)[i], 2));
      }
    }
  }
  if (!first.empty()) others.insert(others.begin(), first);
  if (others.size() > kMostLines) others.resize(kMostLines);
  return others;
}

/// A binary output.
struct Bar {
  const ClipTask* task = nullptr;
  std::size_t output = 0;
  std::string name;
  double activity = 0;  ///< mean probability over the video
};

double activity_of(const ClipTask& task, std::size_t output) {
  const std::size_t columns = task.task.outputs().size();
  double sum = 0;
  for (std::size_t at = output; at < task.probabilities.size(); at += columns) {
    sum += static_cast<double>(task.probabilities[at]);
  }
  return sum / std::max(1., static_cast<double>(task.probabilities.size() / columns));
}

/// All of them in the tasks' order; of too many the most active over the video, these first.
std::vector<Bar> bars_of(const ClipAnswers& answers) {
  std::vector<Bar> bars;
  const std::vector<TaskColumns> columns = columns_of(answers);
  for (std::size_t t = 0; t < answers.tasks.size(); ++t) {
    const ClipTask& task = answers.tasks[t];
    if (!task.task.is_binary()) continue;
    for (std::size_t i = 0; i < columns[t].decisions.size(); ++i) {
      bars.push_back({&task, i, drawable(columns[t].decisions[i]), activity_of(task, i)});
    }
  }
  if (bars.size() <= kMostBars) return bars;
  std::ranges::stable_sort(bars, std::ranges::greater(), &Bar::activity);
  bars.resize(kMostBars);
  return bars;
}

/// Draws on one frame; sizes grow with the picture.
class Painter {
 public:
  explicit Painter(Image& image)
      : canvas_(image), unit_(std::max(1., std::min(image.width, image.height) / 360.)) {}

  void face(const Box& box, const std::vector<std::string>& caption) {
    const int thickness = std::max(1, static_cast<int>(2 * unit_));
    canvas_.outline(box, kFound, thickness);
    const double above = kCaptionLine * (static_cast<double>(caption.size()) - 1);
    double bottom = std::max(box.top - (4 + above) * unit_, 12 * unit_);
    for (const std::string& line : caption) {
      canvas_.text(line, {box.left, bottom}, 10 * unit_, kFound);
      bottom += kCaptionLine * unit_;
    }
  }

  void bars(const std::vector<Bar>& bars, std::size_t frame) {
    double label = kLabel;
    for (const Bar& bar : bars) {
      label = std::max(label, kLetter * static_cast<double>(bar.name.size()) + 4);
    }
    const double left = kMargin * unit_, start = left + label * unit_;
    const double rows = static_cast<double>(bars.size());
    canvas_.darken({0, 0, start + (kBar + kMargin) * unit_, (rows * kLine + 2 * kMargin) * unit_},
                   .55);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      const double top = (kMargin + static_cast<double>(i) * kLine) * unit_;
      const double bottom = top + (kLine - 4) * unit_;
      const bool active = bars[i].task->decisions_at(frame)[bars[i].output] > 0;
      const float probability = bars[i].task->probabilities_at(frame)[bars[i].output];
      canvas_.text(bars[i].name, {left, bottom}, kCapital * unit_, active ? kActive : kWhite);
      canvas_.fill({start, top, start + kBar * unit_, bottom}, kGrey);
      canvas_.fill({start, top, start + kBar * unit_ * probability, bottom},
                   active ? kActive : kQuiet);
    }
  }

 private:
  Canvas canvas_;
  double unit_;
};

void paint(Image& image, const ClipFrame& frame, std::size_t index,
           const std::vector<ClipAnswers>& answers, const std::vector<Bar>& bars) {
  Painter painter(image);
  for (const ClipAnswers& person : answers) {
    if (!person.is_in(frame)) continue;
    painter.face(person.face_in(frame)->box, caption_of(person, index));
  }
  if (!bars.empty() && answers.front().is_in(frame)) painter.bars(bars, index);
}

}  // namespace

void write_overlay(FrameSource& source, const Clip& clip, const std::vector<ClipAnswers>& answers,
                   const std::filesystem::path& out, const std::function<void()>& on_frame) {
  VideoWriter writer(write_target(out, "--overlay"), "--overlay", clip.width, clip.height,
                     rate_of(clip));
  Image black{clip.width, clip.height, {}};
  black.pixels.resize(static_cast<std::size_t>(clip.width) * static_cast<std::size_t>(clip.height) *
                      3);
  const std::vector<Bar> bars = bars_of(answers.front());
  Frame frame;
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    if (!source.next(frame)) {
      throw InputError("--overlay", out.string(),
                       concat("its video gave ", i, " frames, after ", clip.frames.size(),
                              " when it was looked at; expected a file that stays as it is"));
    }
    throw_if_interrupted("the overlay is kept only when it is complete");
    Image& image = frame.image;
    if (image.pixels.empty()) image = black;
    paint(image, clip.frames[i], i, answers, bars);
    if (image.width != clip.width || image.height != clip.height) {  // every frame has its own size
      image = resize(image, clip.width, clip.height, ResizeFilter::kBilinear);
    }
    writer.write(image);
    on_frame();
  }
  writer.commit();
}

}  // namespace mien
