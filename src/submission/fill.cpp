#include "mien/submission/fill.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "answers.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::size_t kFlushAt = 1 << 20;  // bytes

std::vector<VideoAnswers> answers_of(const Template& form, const ScoreSource& source) {
  std::vector<std::vector<std::int32_t>> frames(form.videos.size());
  for (const TemplateRow& row : form.rows) frames[row.video].push_back(row.frame);
  std::vector<VideoAnswers> answers;
  answers.reserve(frames.size());
  for (std::size_t v = 0; v < frames.size(); ++v) {
    std::ranges::sort(frames[v]);
    frames[v].erase(std::unique(frames[v].begin(), frames[v].end()), frames[v].end());
    answers.emplace_back(form.task, form.videos[v], std::move(frames[v]), source);
  }
  return answers;
}

/// Values of a row as they are written: VA columns with 6 decimals, the others as integers.
class RowWriter {
 public:
  explicit RowWriter(SubmissionTask task)
      : decimals_(task == SubmissionTask::kVa || task == SubmissionTask::kMtl ? 2 : 0) {}

  void append(std::string& text, std::span<const double> values) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      text += ',';
      if (i >= decimals_) {
        text += static_cast<char>('0' + static_cast<int>(values[i]));
        continue;
      }
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), values[i],
                                     std::chars_format::fixed, 6);
      text.append(digits.data(), end.ptr);
    }
    text += '\n';
  }

 private:
  std::size_t decimals_;  ///< leading columns that are real numbers
};

/// Rows by class and by AU, added up by column and named at the end.
class Histogram {
 public:
  explicit Histogram(SubmissionTask task) : task_(task) {}

  void add(std::span<const double> values) {
    if (task_ == SubmissionTask::kVa) return;
    const std::size_t first = task_ == SubmissionTask::kMtl ? 2 : 0;
    std::size_t units = first;
    if (task_ != SubmissionTask::kAu) ++classes_[static_cast<std::size_t>(values[units++])];
    for (std::size_t i = units; i < values.size(); ++i) ones_[i - units] += values[i] > 0;
  }

  std::map<std::string, std::int64_t> named() const {
    std::map<std::string, std::int64_t> out;
    const bool with_units = task_ == SubmissionTask::kAu || task_ == SubmissionTask::kMtl;
    if (task_ == SubmissionTask::kCe) {
      for (std::size_t c = 0; c < kCompounds; ++c) out[kCompoundNames[c]] = classes_[c];
    } else if (task_ == SubmissionTask::kExpr || task_ == SubmissionTask::kMtl) {
      for (std::size_t c = 0; c < kExpressions; ++c) out[kExpressionNames[c]] = classes_[c];
    }
    for (std::size_t u = 0; u < kActionUnits && with_units; ++u)
      out[kActionUnitNames[u]] = ones_[u];
    return out;
  }

 private:
  SubmissionTask task_;
  std::array<std::int64_t, kExpressions> classes_{};
  std::array<std::int64_t, kActionUnits> ones_{};
};

}  // namespace

void require_tasks(SubmissionTask form, const std::vector<Task>& tasks) {
  std::vector<std::string> known;
  for (const Task task : tasks) known.push_back(task_name(task));
  for (const Source& source : sources_of(form)) {
    if (std::ranges::find(tasks, source.task) != tasks.end()) continue;
    throw InputError("template's task", submission_task_name(form),
                     concat("expected a run that predicts ", task_name(source.task),
                            ", this one predicts ", known.empty() ? "nothing" : join(known)));
  }
}

FillSummary fill(const Template& form, const ScoresByTask& probabilities, const Priors& priors,
                 std::ostream& out, const DecisionRules& rules) {
  std::vector<Task> tasks;
  for (const auto& entry : probabilities) tasks.push_back(entry.first);
  require_tasks(form.task, tasks);
  const std::vector<VideoAnswers> answers = answers_of(form, {probabilities, priors, rules});
  FillSummary summary;
  summary.task = form.task;
  summary.rows = static_cast<std::int64_t>(form.rows.size());
  summary.videos = static_cast<std::int64_t>(form.videos.size());
  for (std::size_t v = 0; v < answers.size(); ++v) {
    if (!answers[v].has_scores()) summary.videos_without_embeddings.push_back(form.videos[v]);
  }
  const RowWriter writer(form.task);
  Histogram histogram(form.task);
  std::string text = form.header + "\n";
  for (const TemplateRow& row : form.rows) {
    const VideoAnswers& video = answers[row.video];
    const auto values = video.row(row.frame);
    text += row.location;
    writer.append(text, values);
    histogram.add(values);
    summary.prior_rows += !video.has_scores();
    summary.interpolated_rows += video.has_scores() && video.interpolated(row.frame);
    if (text.size() < kFlushAt) continue;
    out << text;
    text.clear();
  }
  out << text;
  summary.histogram = histogram.named();
  return summary;
}

nlohmann::json to_json(const FillSummary& summary) {
  return {{"task", submission_task_name(summary.task)},
          {"rows", summary.rows},
          {"videos", summary.videos},
          {"interpolated_rows", summary.interpolated_rows},
          {"prior_rows", summary.prior_rows},
          {"videos_without_embeddings", summary.videos_without_embeddings},
          {"histogram", summary.histogram}};
}

}  // namespace mien
