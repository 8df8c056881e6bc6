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

void append_columns(Task task, std::vector<std::string>& names) {
  switch (task) {
    case Task::kExpr:
      names.emplace_back("expression");
      for (const char* name : kExpressionNames) names.push_back(std::string("p_") + name);
      return;
    case Task::kAu:
      for (const char* name : kActionUnitNames) names.emplace_back(name);
      for (const char* name : kActionUnitNames) names.push_back(std::string("p_") + name);
      return;
    case Task::kVa:
      names.emplace_back("valence");
      names.emplace_back("arousal");
      return;
  }
}

}  // namespace

PredictionFormat prediction_format_from_name(std::string_view name, const std::string& what) {
  if (name == "csv") return PredictionFormat::kCsv;
  if (name == "jsonl") return PredictionFormat::kJsonLines;
  throw InputError(what, std::string(name), "expected csv or jsonl",
                   nearest_match(name, {"csv", "jsonl"}));
}

PredictionWriter::PredictionWriter(std::ostream& out, const std::vector<Task>& tasks,
                                   PredictionFormat format)
    : out_(out), format_(format), names_{"video", "frame", "face"} {
  for (const Task task : {Task::kExpr, Task::kAu, Task::kVa}) {
    if (std::ranges::find(tasks, task) == tasks.end()) continue;
    tasks_.push_back(task);
    append_columns(task, names_);
  }
  names_.emplace_back("seconds");
  names_.emplace_back("reason");
  if (format_ == PredictionFormat::kCsv) {
    out_ << join(names_, ",") << '\n';
  } else {
    for (std::string& name : names_) name = "\"" + name + "\": ";
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

void PredictionWriter::add_answer(const TaskAnswer& answer) {
  if (answer.task == Task::kVa) {  // the decision is the score, within its range
    for (const double value : answer.decisions) add_number(static_cast<float>(value));
    return;
  }
  if (answer.task == Task::kExpr) {
    add_text(kExpressionNames.at(static_cast<std::size_t>(answer.decisions[0])));
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
  add_number(row.has_face ? 1 : 0);
  for (const Task task : tasks_) {
    const auto answer = std::ranges::find(row.answers, task, &TaskAnswer::task);
    if (answer == row.answers.end()) throw std::logic_error("predictions: a task has no answer");
    add_answer(*answer);
  }
  if (row.seconds) {
    add_number(*row.seconds);
  } else {
    begin_cell();
    if (json) line_ += "null";
  }
  add_text(row.reason);
  out_ << line_ << (json ? "}\n" : "\n");
}

}  // namespace mien
