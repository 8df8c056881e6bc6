#include "mien/submission/prediction_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// The answer to `task`, which is the one at `place` as a rule.
const TaskAnswer& answer_to(const Task& task, const std::vector<TaskAnswer>& answers,
                            std::size_t place) {
  if (place < answers.size() && answers[place].task == task) return answers[place];
  const auto answer = std::ranges::find(answers, task, &TaskAnswer::task);
  if (answer == answers.end()) throw std::logic_error("predictions: a task has no answer");
  return *answer;
}

}  // namespace

PredictionFormat prediction_format_from_name(std::string_view name, const std::string& what) {
  if (name == "csv") return PredictionFormat::kCsv;
  if (name == "jsonl") return PredictionFormat::kJsonLines;
  throw InputError(what, std::string(name), "expected csv or jsonl",
                   nearest_match(name, {"csv", "jsonl"}));
}

PredictionWriter::PredictionWriter(std::ostream& out, std::vector<Task> tasks,
                                   PredictionFormat format, bool with_images)
    : out_(out), tasks_(std::move(tasks)), format_(format), with_images_(with_images) {
  std::ranges::sort(tasks_);
  names_ = {"video", "frame"};
  if (with_images_) names_.emplace_back("image");
  names_.emplace_back("face");
  for (const TaskColumns& columns : table_columns(tasks_)) {
    columns_.push_back(columns.decisions.size() + columns.probabilities.size());
    names_.insert(names_.end(), columns.decisions.begin(), columns.decisions.end());
    names_.insert(names_.end(), columns.probabilities.begin(), columns.probabilities.end());
  }
  names_.emplace_back("seconds");
  names_.emplace_back("reason");
  if (format_ == PredictionFormat::kCsv) {
    out_ << join(names_, ",") << '\n';
  } else {
    for (std::string& name : names_) name = json_text(nlohmann::json(name)) + ": ";
  }
}

void PredictionWriter::begin_cell() {
  const bool json = format_ == PredictionFormat::kJsonLines;
  if (column_ > 0) line_ += json ? ", " : ",";
  if (json) line_ += names_[column_];
  ++column_;
}

void PredictionWriter::add_text(std::string_view text) {
  begin_cell();
  line_ += format_ == PredictionFormat::kCsv ? csv_field(text)
                                             : json_text(nlohmann::json(std::string(text)));
}

template <class Number>
void PredictionWriter::add_number(Number value) {
  begin_cell();
  std::array<char, 40> digits{};
  line_.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void PredictionWriter::add_nothing() {
  begin_cell();
  if (format_ == PredictionFormat::kJsonLines) line_ += "null";
}

void PredictionWriter::add_answer(const TaskAnswer& answer) {
  const Task& task = answer.task;
  if (task.is_continuous()) {  // the decision is the score, within its range
    for (const double value : answer.decisions) add_number(static_cast<float>(value));
    return;
  }
  if (task.is_classes()) {
    add_text(task.outputs().at(static_cast<std::size_t>(answer.decisions[0])));
  } else {
    for (const double value : answer.decisions) add_number(static_cast<int>(value));
  }
  for (const float p : answer.probabilities) add_number(p);
}

void PredictionWriter::write(const PredictionRow& row) {
  const bool json = format_ == PredictionFormat::kJsonLines;
  line_ = json ? "{" : "";
  column_ = 0;
  add_text(row.video);
  add_number(row.frame);
  if (with_images_) {
    row.image.empty() ? add_nothing() : add_text(row.image);
  }
  add_number(row.has_face ? 1 : 0);
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    const TaskAnswer& answer = answer_to(tasks_[t], row.answers, t);
    if (answer.decisions.empty()) {
      for (std::size_t i = 0; i < columns_[t]; ++i) add_nothing();
    } else {
      add_answer(answer);
    }
  }
  row.seconds ? add_number(*row.seconds) : add_nothing();
  add_text(row.reason);
  out_ << line_ << (json ? "}\n" : "\n");
}

}  // namespace mien
