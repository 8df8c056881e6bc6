#include "clip/clip_answers.h"

#include <algorithm>

#include "mien/core/text.h"
#include "mien/scoring/compute_scores.h"

namespace mien {
namespace {

template <class T>
std::span<const T> row_of(const std::vector<T>& values, std::size_t index, std::size_t columns) {
  return std::span(values).subspan(index * columns, columns);
}

std::vector<std::int32_t> numbers_of(const Clip& clip) {
  std::vector<std::int32_t> numbers;
  for (const ClipFrame& frame : clip.frames) numbers.push_back(frame.number);
  return numbers;
}

ClipAnswers scored_answers(const ClipPerson& person, const LoneRun& run,
                           const std::vector<std::int32_t>& numbers) {
  ClipAnswers answers;
  for (const Task& task : run.head.shape.tasks) {
    const DecisionRule rule = rule_for(run.rules, task);
    const TaskScores scores =
        probabilities_of({task, {{"", person.frames, person.logits.at(task)}}});
    ClipTask& values = answers.tasks.emplace_back(ClipTask{task, {}, {}});
    values.probabilities =
        smoothed(scores.videos.front(), score_columns(task), rule.smoothing, numbers);
    values.decisions = decide(task, values.probabilities, rule);
  }
  return answers;
}

ClipAnswers prior_answers(const LoneRun& run, const std::string& video, std::size_t frames) {
  ClipAnswers answers;
  answers.has_prior = true;
  const Priors priors = priors_of(run.head);
  for (const Task& task : run.head.shape.tasks) {
    const Prior& prior = prior_for(task, priors, video);
    ClipTask& values = answers.tasks.emplace_back(ClipTask{task, {}, {}});
    for (std::size_t i = 0; i < frames; ++i) {
      values.probabilities.insert(values.probabilities.end(), prior.begin(), prior.end());
    }
    values.decisions = decide(task, values.probabilities, DecisionRule());
  }
  return answers;
}

}  // namespace

std::span<const float> ClipTask::probabilities_at(std::size_t index) const {
  return row_of(probabilities, index, score_columns(task));
}

std::span<const double> ClipTask::decisions_at(std::size_t index) const {
  return row_of(decisions, index, label_columns(task));
}

const ClipFace* ClipAnswers::face_in(const ClipFrame& frame) const {
  const auto found = std::ranges::find(frame.faces, id, &ClipFace::id);
  return found == frame.faces.end() ? nullptr : &*found;
}

bool ClipAnswers::is_in(const ClipFrame& frame) const {
  const ClipFace* face = face_in(frame);
  return face != nullptr && face->problem.empty();
}

std::vector<ClipAnswers> answers_of(const Clip& clip, const LoneRun& run, const ClipNames& names,
                                    bool everyone) {
  std::vector<ClipAnswers> all;
  const std::int64_t main = main_person(clip.areas);
  const std::vector<std::int32_t> numbers = numbers_of(clip);
  const auto add = [&](std::int64_t id) {
    const auto person = clip.people.find(id);
    all.push_back(person == clip.people.end() ? prior_answers(run, names.video, numbers.size())
                                              : scored_answers(person->second, run, numbers));
    all.back().id = id;
  };
  add(main);
  all.back().name = names.video;
  if (!everyone) return all;
  for (const auto& [id, area] : clip.areas) {
    if (id == main) continue;
    add(id);
    std::string& name = all.back().name = concat(names.video, "_", all.size());
    while (names.others.contains(name)) name += "_face";
  }
  return all;
}

}  // namespace mien
