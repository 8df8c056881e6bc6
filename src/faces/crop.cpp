#include "mien/faces/crop.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <sstream>
#include <thread>

#include "crop_table.h"
#include "crop_video.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// The inputs that are still to be done.
struct Plan {
  std::vector<const CropInput*> inputs;
  std::vector<CropFailure> failed;  ///< could not be opened
  std::int64_t frames = 0;          ///< as far as is known
  std::int64_t skipped = 0;
};

/// When nothing can be opened.
[[noreturn]] void refuse(const std::vector<CropInput>& inputs, const std::string& reason) {
  const CropInput& first = inputs.front();
  throw InputError(first.is_video ? "--video" : "--images", first.path.string(),
                   concat(reason, inputs.size() > 1 ? ", nor are the others" : ""));
}

/// Opens everything once: what is no video is known before anything is written.
Plan plan_crops(const std::vector<CropInput>& inputs, const std::filesystem::path& root,
                const CropOptions& options) {
  Plan plan;
  for (const CropInput& input : inputs) {
    if (!options.force && is_cropped(root, input.name)) {
      ++plan.skipped;
      continue;
    }
    try {
      plan.frames += input.open(options.every)->expected();
      plan.inputs.push_back(&input);
    } catch (const ImageError& problem) {
      plan.failed.push_back({input.name, problem.what()});
    }
  }
  if (plan.inputs.empty() && plan.skipped == 0) refuse(inputs, plan.failed.front().reason);
  return plan;
}

void add(CropSummary& sum, const CropSummary& part) {
  sum.videos += part.videos;
  sum.frames += part.frames;
  sum.frames_without_face += part.frames_without_face;
  sum.frames_failed += part.frames_failed;
  sum.crops += part.crops;
  sum.people += part.people;
  sum.failed.insert(sum.failed.end(), part.failed.begin(), part.failed.end());
}

/// The plan's inputs, `jobs` at a time.
class CropJobs {
 public:
  CropJobs(const Plan& plan, const FaceDetector& detector, const CropOptions& options,
           const CropFolder& folder, std::set<std::string> names)
      : plan_(plan),
        detector_(detector),
        options_(options),
        folder_(folder),
        names_(std::move(names)),
        results_(plan.inputs.size()),
        progress_("cropping", "frames", plan.frames) {}

  CropSummary run() {
    std::vector<std::thread> threads;
    for (std::int64_t i = 1; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    CropSummary sum;
    for (const CropSummary& part : results_) add(sum, part);
    return sum;
  }

 private:
  void work() {
    while (!stop_) {
      const std::size_t at = next_++;
      if (at >= plan_.inputs.size()) return;
      try {
        results_[at] = one(*plan_.inputs[at]);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        stop_ = true;
      }
    }
  }

  CropSummary one(const CropInput& input) {
    std::set<std::string> others = names_;
    others.erase(input.name);
    try {
      return crop_video(input, detector_, options_, folder_, others, [this] {
        const std::lock_guard lock(mutex_);
        progress_.advance(1);
      });
    } catch (const ImageError& problem) {  // it could be opened a moment ago
      CropSummary failed;
      failed.failed.push_back({input.name, problem.what()});
      return failed;
    }
  }

  const Plan& plan_;
  const FaceDetector& detector_;
  const CropOptions& options_;
  const CropFolder& folder_;
  std::set<std::string> names_;
  std::vector<CropSummary> results_;
  std::mutex mutex_;
  Progress progress_;
  std::exception_ptr failure_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
};

nlohmann::json settings_of(const nlohmann::json& detector, const CropOptions& options) {
  return {{"format", "mien-crops"},         {"version", 1},
          {"detector", detector},           {"size", options.stream.size},
          {"every", options.every},         {"memory", options.stream.memory},
          {"main_face", options.main_face}, {"quality", options.quality}};
}

void record(const CropFolder& folder, const std::vector<CropFailure>& failed) {
  for (const CropFailure& failure : failed) {
    std::stringstream kept;
    std::ostringstream row;
    write_problem(kept, failure.reason);
    finish_rows(kept, row, {.video = failure.video});
    folder.record_failure(failure.video, row.str());
  }
}

}  // namespace

CropSummary crop_faces(const std::vector<CropInput>& inputs, const ChosenDetector& chosen,
                       const DetectorOptions& detector_options, const std::filesystem::path& root,
                       const CropOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Plan plan = plan_crops(inputs, root, options);
  if (!options.force) {
    for (const CropInput* input : plan.inputs) require_free(root, input->name);
  }
  const CropFolder folder(root, settings_of(describe_detector(chosen, detector_options), options),
                          options.force);
  if (!chosen.advice.empty()) log::warn(chosen.advice);
  log::info(concat("detector ", chosen.detector->name(), ": ", chosen.file.string()));
  std::set<std::string> names;
  for (const CropInput& input : inputs) names.insert(input.name);
  record(folder, plan.failed);
  CropSummary summary;
  try {
    summary = CropJobs(plan, *chosen.detector, options, folder, std::move(names)).run();
  } catch (const Interrupted&) {
    folder.write_table();
    throw;
  }
  folder.write_table();
  summary.failed.insert(summary.failed.begin(), plan.failed.begin(), plan.failed.end());
  for (const CropFailure& failure : summary.failed) {
    log::warn(concat(failure.video, ": ", failure.reason));
  }
  summary.skipped_videos = plan.skipped;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return summary;
}

}  // namespace mien
