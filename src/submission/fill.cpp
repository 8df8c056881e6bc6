#include "mien/submission/fill.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "answers.h"
#include "histogram.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

constexpr std::size_t kFlushAt = 1 << 20;  // bytes

/// The answers of each video from its first row to its last one: of a template whose videos follow
/// each other, one at a time.
class AnswersInTurn {
 public:
  /// All outlive it.
  AnswersInTurn(const Template& form, const ProbabilitiesOfVideo& probabilities,
                const Priors& priors, const DecisionRules& rules)
      : form_(form),
        probabilities_(probabilities),
        priors_(priors),
        rules_(rules),
        frames_(form.videos.size()),
        rows_left_(form.videos.size()) {
    for (const TemplateRow& row : form.rows) {
      frames_[row.video].push_back(row.frame);
      ++rows_left_[row.video];
    }
    answers_.resize(form.videos.size());
  }

  const VideoAnswers& of(std::size_t video) {
    if (!answers_[video]) {
      std::vector<std::int32_t>& frames = frames_[video];
      std::ranges::sort(frames);
      frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
      const ScoresByTask probabilities = probabilities_(form_.videos[video]);
      answers_[video] =
          std::make_unique<VideoAnswers>(form_.task, form_.videos[video], std::exchange(frames, {}),
                                         ScoreSource{probabilities, priors_, rules_});
    }
    return *answers_[video];
  }

  /// One of the video's rows is written.
  void done_with_row(std::size_t video) {
    if (--rows_left_[video] == 0) answers_[video].reset();
  }

 private:
  const Template& form_;
  const ProbabilitiesOfVideo& probabilities_;
  const Priors& priors_;
  const DecisionRules& rules_;
  std::vector<std::vector<std::int32_t>> frames_;
  std::vector<std::size_t> rows_left_;
  std::vector<std::unique_ptr<VideoAnswers>> answers_;
};

/// Leading columns that are real numbers.
std::size_t real_columns(SubmissionTask task) {
  std::size_t columns = 0;
  for (const SubmissionPart& part : parts_of(task)) {
    if (part.task.is_continuous()) columns += part.count;
  }
  return columns;
}

/// Values of a row as they are written: real numbers with 6 decimals, the others as integers.
class RowWriter {
 public:
  explicit RowWriter(const Template& form)
      : location_(form.layout == TemplateLayout::kOneFile), decimals_(real_columns(form.task)) {}

  void append(std::string& text, std::string_view location, std::span<const double> values) const {
    text += location;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (location_ || i > 0) text += ',';
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
  bool location_;         ///< a row begins with one
  std::size_t decimals_;  ///< leading columns that are real numbers
};

struct VideoCounts {
  std::int64_t rows = 0, interpolated = 0, of_prior = 0;

  void add(bool has_scores, bool is_interpolated) {
    ++rows;
    of_prior += !has_scores;
    interpolated += has_scores && is_interpolated;
  }
};

void summarise(const Template& form, const std::vector<VideoCounts>& counts,
               const Histogram& histogram, FillSummary& summary) {
  for (std::size_t v = 0; v < form.videos.size(); ++v) {
    const VideoCounts& video = counts[v];
    summary.prior_rows += video.of_prior;
    summary.interpolated_rows += video.interpolated;
    if (video.of_prior > 0) {
      summary.videos_without_embeddings.push_back(form.videos[v]);
      continue;
    }
    if (histogram.is_constant(v)) summary.constant_videos.push_back(form.videos[v]);
    if (2 * video.interpolated > video.rows) summary.sparse_videos.push_back(form.videos[v]);
  }
}

/// The name, and how a task that only has the name of a challenge's differs: "au (3 outputs)".
std::string name_beside_the_challenge(const Task& task) {
  const std::vector<Task>& challenge = challenge_tasks();
  const auto namesake = std::ranges::find(challenge, task.name(), &Task::name);
  if (namesake == challenge.end() || *namesake == task) return task.name();
  const std::size_t count = task.outputs().size();
  std::string difference = concat(count, count == 1 ? " output" : " outputs");
  if (task.kind() != namesake->kind()) {
    difference = kind_name(task.kind()) + ", " + difference;
  } else if (task.outputs() == namesake->outputs()) {
    difference += concat(" from ", shortest(task.range().low), " to ", shortest(task.range().high));
  } else if (count == namesake->outputs().size()) {
    difference += " of other names";
  }
  return concat(task.name(), " (", difference, ")");
}

/// Text on its way to a stream.
class Output {
 public:
  /// Goes on with another stream; the text so far is flushed already.
  void turn_to(std::ostream& out) { out_ = &out; }
  std::string& text() { return text_; }
  void flush_if_large() {
    if (text_.size() >= kFlushAt) flush();
  }
  void flush() {
    if (out_ != nullptr) *out_ << text_;
    text_.clear();
  }

 private:
  std::ostream* out_ = nullptr;
  std::string text_;
};

}  // namespace

void require_tasks(SubmissionTask form, const std::vector<Task>& tasks) {
  std::vector<std::string> lacking, known;
  for (const SubmissionPart& source : sources_of(form)) {
    if (std::ranges::find(tasks, source.task) == tasks.end()) {
      lacking.push_back(source.task.name());
    }
  }
  if (lacking.empty()) return;
  for (const Task& task : tasks) known.push_back(name_beside_the_challenge(task));
  throw InputError(
      "template's task", submission_task_name(form),
      concat("expected a run with the ", lacking.size() == 1 ? "task " : "tasks ", join(lacking),
             "; RUN predicts ", known.empty() ? "nothing" : join(known)));
}

FillSummary fill(const Template& form, const ProbabilitiesOfVideo& probabilities,
                 const Priors& priors, const StreamOfVideo& stream_of, const DecisionRules& rules) {
  AnswersInTurn answers(form, probabilities, priors, rules);
  const RowWriter writer(form);
  Histogram histogram(form.task, form.videos.size());
  FillSummary summary;
  summary.task = form.task;
  summary.rows = static_cast<std::int64_t>(form.rows.size());
  summary.videos = static_cast<std::int64_t>(form.videos.size());
  std::vector<VideoCounts> counts(form.videos.size());
  Output output;
  std::size_t begun = 0;  // files whose header is written
  const auto begin_files_to = [&](std::size_t count) {
    for (; begun < count; ++begun) {
      output.flush();  // the stream that is asked for may take the place of the one so far
      output.turn_to(stream_of(form.videos[begun]));
      output.text() += form.header + "\n";
    }
  };
  begin_files_to(1);
  for (const TemplateRow& row : form.rows) {
    if (form.layout == TemplateLayout::kFileAVideo) begin_files_to(row.video + 1);
    const VideoAnswers& video = answers.of(row.video);
    const auto values = video.row(row.frame);
    writer.append(output.text(), row.location, values);
    histogram.add(row.video, values);
    counts[row.video].add(video.has_scores(), video.interpolated(row.frame));
    answers.done_with_row(row.video);
    output.flush_if_large();
  }
  if (form.layout == TemplateLayout::kFileAVideo) begin_files_to(form.videos.size());
  output.flush();
  summary.histogram = histogram.named();
  summary.prior = named_prior(form.task, priors);
  summarise(form, counts, histogram, summary);
  return summary;
}

FillSummary fill(const Template& form, const ScoresByTask& probabilities, const Priors& priors,
                 std::ostream& out, const DecisionRules& rules) {
  std::vector<Task> tasks;
  for (const auto& entry : probabilities) tasks.push_back(entry.first);
  require_tasks(form.task, tasks);
  return fill(
      form, [&probabilities](const std::string&) { return probabilities; }, priors,
      [&out](const std::string&) -> std::ostream& { return out; }, rules);
}

nlohmann::json to_json(const FillSummary& summary) {
  return {{"task", submission_task_name(summary.task)},
          {"rows", summary.rows},
          {"videos", summary.videos},
          {"interpolated_rows", summary.interpolated_rows},
          {"prior_rows", summary.prior_rows},
          {"videos_without_embeddings", summary.videos_without_embeddings},
          {"histogram", summary.histogram},
          {"prior", summary.prior},
          {"constant_videos", summary.constant_videos},
          {"sparse_videos", summary.sparse_videos}};
}

}  // namespace mien
