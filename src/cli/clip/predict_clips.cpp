#include "clip/predict_clips.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "clip/clip_answers.h"
#include "clip/clip_overlay.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/memory.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "runs/trained_encoder.h"

namespace mien {
namespace {

std::unique_ptr<Encoder> open_encoder(const ClipRequest& request) {
  const EncoderOverrides overrides = request.archive.overrides();
  require_own_encoder(request.run, read_encoder_info(request.encoder, overrides), request.encoder);
  auto encoder = load_as_trained(request.encoder, overrides,
                                 {.device = request.device, .dtype = request.dtype, .path = "auto"},
                                 request.run.head.inputs.front());
  log::info(concat("encoder ", encoder->info().name, ": ", encoder->path_name(), " in ",
                   encoder->dtype_name()));
  return encoder;
}

/// What every video needs, loaded once.
struct Tools {
  explicit Tools(const ClipRequest& request)
      : chosen(choose_detector(request.detector)),
        encoder(open_encoder(request)),
        scorer(request.run.weights, request.run.head, request.device),
        pass{.detector = *chosen.detector, .stream = {}, .encoder = *encoder, .scorer = scorer} {
    pass.stream.workers = request.workers;
    if (!chosen.advice.empty()) log::warn(chosen.advice);
    log::info(concat("detector ", chosen.detector->name(), ": ", chosen.file.string()));
    give_back_freed_memory();  // the archives, and the ways to compute that were tried
  }

  ChosenDetector chosen;
  std::unique_ptr<Encoder> encoder;
  RowScorer scorer;
  ClipPass pass;
};

std::string reason_of(const ClipFrame& frame, const ClipAnswers& answers) {
  if (answers.is_in(frame)) return {};
  const ClipFace* face = answers.face_in(frame);
  const std::string reason = face != nullptr          ? face->problem
                             : !frame.problem.empty() ? frame.problem
                             : frame.faces.empty()    ? "no face"
                                                      : "no face of this person";
  return answers.has_prior ? reason + "; training prior" : reason;
}

void write_rows(const Clip& clip, const ClipAnswers& answers, PredictionWriter& writer,
                PredictSummary& summary) {
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    const ClipFrame& frame = clip.frames[i];
    const std::string reason = reason_of(frame, answers);
    PredictionRow row{.video = answers.name,
                      .frame = frame.number,
                      .has_face = reason.empty(),
                      .answers = {},
                      .seconds = frame.seconds,
                      .reason = reason};
    for (const ClipTask& task : answers.tasks) {
      row.answers.push_back({task.task, task.probabilities_at(i), task.decisions_at(i)});
    }
    writer.write(row);
    ++summary.rows;
    summary.frames_without_face += !row.has_face;
    summary.interpolated_rows += !row.has_face && !answers.has_prior;
  }
  ++summary.videos;
  if (answers.has_prior) summary.videos_without_embeddings.push_back(answers.name);
}

/// Of everybody, with rows or without.
std::string embedding_problem(const Clip& clip) {
  std::int64_t faces = 0;
  for (const ClipFrame& frame : clip.frames) {
    faces += std::ranges::count_if(frame.faces,
                                   [](const ClipFace& face) { return !face.problem.empty(); });
  }
  if (faces == 0) return {};
  return concat("embeddings that are not finite: ", faces, " (another --dtype may do)");
}

std::int64_t frames_with(const std::vector<ClipAnswers>& answers, const Clip& clip) {
  return std::ranges::count_if(clip.frames, [&](const ClipFrame& frame) {
    return std::ranges::any_of(answers, [&](const ClipAnswers& one) { return one.is_in(frame); });
  });
}

/// One video after the other. A video is drawn before the next one is looked at, the last one when
/// finish() is called: the rows are on the disk by then.
class Clips {
 public:
  Clips(const ClipRequest& request, const ClipPass& pass, PredictionWriter& writer)
      : request_(request),
        pass_(pass),
        writer_(writer),
        passes_(request.inputs.front().overlay.empty() ? 1 : 2),
        progress_("predicting", passes_ == 1 ? "frames" : "frames seen and drawn",
                  passes_ * expected(request.inputs)) {
    summary_.everyone = request.everyone;
  }

  void look_through_all() {
    for (std::size_t i = 0; i < request_.inputs.size(); ++i) {
      draw();
      note_ = request_.inputs[i].video.path.filename().string();
      if (request_.inputs.size() > 1) {
        note_ = concat(i + 1, " of ", request_.inputs.size(), ": ", note_);
      }
      look_at(request_.inputs[i]);
    }
  }

  /// Draws the last one. Throws what went wrong with the overlays.
  ClipsSummary finish() {
    draw();
    if (overlay_problem_) std::rethrow_exception(overlay_problem_);
    summary_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    return std::move(summary_);
  }

  const ClipsSummary& summary() const { return summary_; }

 private:
  /// A video that was looked through, until it is drawn.
  struct Seen {
    const ClipInput& input;
    Clip clip;
    std::vector<ClipAnswers> answers;
  };

  static std::int64_t expected(const std::vector<ClipInput>& inputs) {
    std::int64_t frames = 0;
    for (const ClipInput& input : inputs) frames += input.expected;
    return frames;
  }

  void look_at(const ClipInput& input) {
    ClipReport& report = summary_.videos.emplace_back();
    report.name = input.video.name;
    report.file = input.video.path.filename().string();
    report.problem = input.problem;
    if (!report.problem.empty()) return;
    throw_if_interrupted("predictions are kept only when they are complete");
    std::int64_t counted = 0;
    try {
      Seen seen = see(input, report, counted);
      for (const ClipAnswers& person : seen.answers) {
        write_rows(seen.clip, person, writer_, summary_.rows);
      }
      report.has_rows = true;
      seen_.emplace(std::move(seen));
    } catch (const ImageError& problem) {
      report.problem = problem.what();
    }
    progress_.expect((report.has_rows ? passes_ : 1) * counted -
                     passes_ * std::max(counted, input.expected));
  }

  Seen see(const ClipInput& input, ClipReport& report, std::int64_t& counted) {
    const auto source = input.video.open(request_.every);
    Seen seen{.input = input, .clip = {}, .answers = {}};
    seen.clip = look_through(*source, pass_, [&] {
      if (++counted > input.expected) progress_.expect(passes_);
      progress_.advance(1, note_);
    });
    if (seen.clip.width == 0) throw ImageError("no frame of it can be decoded");
    try {
      seen.answers = answers_of(seen.clip, request_.run, {input.video.name, other_names(input)},
                                request_.everyone);
    } catch (const InputError& problem) {  // nobody is there, and the prior is not known
      throw ImageError(problem.what());
    }
    report.problem = source->problem();
    const std::string more = embedding_problem(seen.clip);
    if (!more.empty()) report.problem += (report.problem.empty() ? "" : "; ") + more;
    report.frames = std::ssize(seen.clip.frames);
    report.frames_with_face = frames_with(seen.answers, seen.clip);
    report.people = std::ssize(seen.clip.areas);
    return seen;
  }

  void draw() {
    const std::optional<Seen> seen = std::exchange(seen_, std::nullopt);
    if (!seen || seen->input.overlay.empty()) return;
    const std::filesystem::path folder = seen->input.overlay.parent_path();
    try {
      if (!folder.empty()) make_folder(folder, "--overlay");
      write_overlay(*seen->input.video.open(request_.every), seen->clip, seen->answers,
                    seen->input.overlay, [&] { progress_.advance(1, note_); });
    } catch (const ImageError& problem) {  // it could be opened a moment ago
      keep(std::make_exception_ptr(InputError("--overlay", seen->input.overlay.string(),
                                              concat("of its video: ", problem.what()))));
    } catch (...) {
      keep(std::current_exception());
    }
  }

  void keep(const std::exception_ptr& problem) {
    if (!overlay_problem_) overlay_problem_ = problem;
  }

  std::set<std::string> other_names(const ClipInput& input) const {
    std::set<std::string> names;
    if (!request_.everyone) return names;
    for (const ClipInput& other : request_.inputs) names.insert(other.video.name);
    names.erase(input.video.name);
    return names;
  }

  const ClipRequest& request_;
  const ClipPass& pass_;
  PredictionWriter& writer_;
  std::int64_t passes_;  ///< over each video: looking, and drawing
  Progress progress_;
  std::string note_;
  ClipsSummary summary_;
  std::optional<Seen> seen_;
  std::exception_ptr overlay_problem_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

ClipsSummary predict_clips(const ClipRequest& request, PredictionFormat format,
                           const std::string& out) {
  const Tools tools(request);
  AtomicFile file(out);
  PredictionWriter writer(file.stream(), request.run.head.shape.tasks, format);
  Clips clips(request, tools.pass, writer);
  clips.look_through_all();
  if (clips.summary().rows.videos == 0) {
    refuse_all(request.inputs.front().video, clips.summary().videos.front().problem,
               request.inputs.size());
  }
  file.commit();  // whatever becomes of the drawing
  return clips.finish();
}

}  // namespace mien
