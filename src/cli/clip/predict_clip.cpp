#include "clip/predict_clip.h"

#include <filesystem>

#include "clip/clip_answers.h"
#include "clip/clip_overlay.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::unique_ptr<FrameSource> open_clip(const ClipRequest& request) {
  require_exists(request.video, "--video", "a video file");
  try {
    return open_video(request.video, request.every);
  } catch (const ImageError& problem) {
    throw InputError("--video", request.video,
                     concat("is ", problem.what(), "; expected a video file"));
  }
}

std::unique_ptr<Encoder> open_encoder(const ClipRequest& request) {
  const EncoderOverrides overrides = request.archive.overrides();
  require_own_encoder(request.run, read_encoder_info(request.encoder, overrides), request.encoder);
  auto encoder = load_encoder(request.encoder, overrides,
                              {.device = request.device, .dtype = request.dtype, .path = "auto"});
  log::info(concat("encoder ", encoder->info().name, ": ", encoder->path_name(), " in ",
                   encoder->dtype_name()));
  return encoder;
}

Clip look_through(const ClipRequest& request, FrameSource& source) {
  const ChosenDetector chosen = choose_detector(request.detector);
  const std::unique_ptr<Encoder> encoder = open_encoder(request);
  if (!chosen.advice.empty()) log::warn(chosen.advice);
  log::info(concat("detector ", chosen.detector->name(), ": ", chosen.file.string()));
  const RowScorer scorer(request.run.weights, request.run.head, request.device);
  FaceStreamOptions options;
  options.workers = request.workers;
  return look_through(source, *chosen.detector, options, *encoder, scorer);
}

std::string reason_of(const ClipFrame& frame, const ClipAnswers& answers) {
  if (answers.is_in(frame)) return {};
  const std::string reason = !frame.problem.empty() ? frame.problem
                             : frame.faces.empty()  ? "no face"
                                                    : "no face of this person";
  return answers.id == 0 ? reason + "; training prior" : reason;
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
    summary.interpolated_rows += !row.has_face && answers.id != 0;
  }
  ++summary.videos;
  if (answers.id == 0) summary.videos_without_embeddings.push_back(answers.name);
}

}  // namespace

PredictSummary predict_clip(const ClipRequest& request, PredictionFormat format,
                            const std::string& out) {
  const auto source = open_clip(request);
  const Clip clip = look_through(request, *source);
  if (!source->problem().empty()) log::warn(request.video + ": " + source->problem());
  if (clip.people.size() > 1 && !request.everyone) {
    log::warn(concat(clip.people.size(), " people were seen: the rows are of the one who takes ",
                     "the largest area; --everyone gives all"));
  }
  const std::string name = std::filesystem::path(request.video).stem().string();
  const auto answers = answers_of(clip, request.run, name, request.everyone);
  AtomicFile file(out);
  PredictionWriter writer(file.stream(), request.run.head.shape.tasks, format);
  PredictSummary summary;
  for (const ClipAnswers& person : answers) write_rows(clip, person, writer, summary);
  file.commit();  // whatever becomes of the drawing
  if (!request.overlay.empty()) {
    write_overlay(*open_clip(request), clip, answers, request.overlay);
  }
  return summary;
}

}  // namespace mien
