#include "mien/faces/crop.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "crop_folder.h"
#include "crop_plan.h"
#include "crop_table.h"
#include "crop_video.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"

namespace mien {
namespace {

void add(CropSummary& sum, const CropSummary& part) {
  sum.videos += part.videos;
  sum.frames += part.frames;
  sum.frames_without_face += part.frames_without_face;
  sum.frames_failed += part.frames_failed;
  sum.crops += part.crops;
  sum.people += part.people;
  sum.failed.insert(sum.failed.end(), part.failed.begin(), part.failed.end());
}

/// A row that has a reason and nothing else.
void record(const CropFolder& folder, const CropFailure& failure) {
  std::stringstream kept;
  std::ostringstream row;
  write_problem(kept, failure.reason);
  finish_rows(kept, row, {.video = failure.video});
  folder.record_failure(failure.video, row.str());
}

/// The plan's inputs, `jobs` at a time.
class CropJobs {
 public:
  CropJobs(const CropPlan& plan, const FaceDetector& detector, const CropOptions& options,
           const CropFolder& folder)
      : plan_(plan),
        detector_(detector),
        options_(options),
        folder_(folder),
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
    try {
      return crop_video(input, detector_, options_, folder_, [this] {
        const std::lock_guard lock(mutex_);
        progress_.advance(1);
      });
    } catch (const ImageError& problem) {  // a glance did not show it
      CropSummary failed;
      failed.failed.push_back({input.name, problem.what()});
      record(folder_, failed.failed.front());
      return failed;
    }
  }

  const CropPlan& plan_;
  const FaceDetector& detector_;
  const CropOptions& options_;
  const CropFolder& folder_;
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

std::set<std::string> names_of(const std::vector<CropInput>& inputs) {
  std::set<std::string> names;
  for (const CropInput& input : inputs) names.insert(input.name);
  return names;
}

/// Photos have no frames that workers could share, so they are shared out themselves.
CropOptions shared_out(CropOptions options, const CropPlan& plan) {
  const auto is_photo = [](const CropInput* input) { return !input->is_video && !input->images; };
  if (std::ranges::all_of(plan.inputs, is_photo)) {
    options.jobs *= options.stream.workers;
    options.stream.workers = 1;
  }
  return options;
}

/// The table lists what is finished, however the others end.
CropSummary run(const CropPlan& plan, const FaceDetector& detector, const CropOptions& options,
                const CropFolder& folder) {
  for (const CropFailure& failure : plan.failed) record(folder, failure);
  CropSummary summary;
  try {
    summary = CropJobs(plan, detector, options, folder).run();
  } catch (...) {
    try {
      folder.write_table();
    } catch (const InputError&) {  // the full disk that ended the others
    }
    throw;
  }
  folder.write_table();
  summary.failed.insert(summary.failed.begin(), plan.failed.begin(), plan.failed.end());
  summary.skipped_videos = plan.skipped;
  return summary;
}

}  // namespace

CropSummary crop_faces(const std::vector<CropInput>& inputs, const ChosenDetector& chosen,
                       const DetectorOptions& detector_options, const std::filesystem::path& root,
                       const CropOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const CropPlan plan = plan_crops(inputs, root, options);
  const CropFolder folder(root, settings_of(describe_detector(chosen, detector_options), options),
                          names_of(inputs), options.force);
  if (!chosen.advice.empty()) log::warn(chosen.advice);
  log::info(concat("detector ", chosen.detector->name(), ": ", chosen.file.string()));
  CropSummary summary = run(plan, *chosen.detector, shared_out(options, plan), folder);
  if (summary.videos + summary.skipped_videos == 0) {
    const auto first = std::ranges::find(summary.failed, inputs.front().name, &CropFailure::video);
    refuse_all(inputs.front(), first->reason, inputs.size());
  }
  for (const CropFailure& failure : summary.failed) {
    log::warn(concat(failure.video, ": ", failure.reason));
  }
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return summary;
}

}  // namespace mien
