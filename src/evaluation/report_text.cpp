#include <algorithm>
#include <sstream>

#include "mien/core/text.h"
#include "mien/evaluation/report.h"
#include "parts.h"

namespace mien {
namespace {

constexpr std::size_t kNamesListed = 8;

std::string counted(std::int64_t number, const std::string& noun) {
  return with_thousands(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names) {
  if (names.size() <= kNamesListed) return join(names);
  const std::vector<std::string> first(names.begin(), names.begin() + kNamesListed);
  return concat(join(first), " and ", names.size() - kNamesListed, " more");
}

std::string headline(const TaskResult& result) {
  std::ostringstream out;
  out << left(result.task.title(), 6) << (result.task.title().size() < 6 ? "" : " ")
      << (result.task.is_continuous() ? "CCC " : "F1 ") << fixed(result.score.value, 4);
  if (result.score.interval) out << "  " << interval_text(result.score.interval) << " 95 %";
  out << "  over "
      << (result.groups > 0 ? counted(result.groups, "group") : counted(result.videos, "video"))
      << ", " << counted(result.frames, "frame");
  if (result.baseline) out << "   majority " << fixed(result.baseline->f1, 3);
  if (result.task.is_classes()) out << "   accuracy " << fixed(result.accuracy, 4);
  return out.str() + "\n";
}

/// The width of a column that holds the names of the outputs.
std::size_t name_width(const Task& task) {
  std::size_t width = 10;
  for (const std::string& name : task.outputs()) width = std::max(width, name.size() + 1);
  return std::min<std::size_t>(width, 40);
}

/// Columns of the table: texts, and their widths.
using Cells = std::vector<std::pair<std::string, std::size_t>>;

std::string line_of(const Cells& cells) {
  std::string line;
  for (const auto& [text, width] : cells) line += right(text, width);
  return line + "\n";
}

std::string parts_table(const TaskResult& result) {
  const bool continuous = result.task.is_continuous();
  const bool masked = result.partly_known == PartlyKnown::kMaskValue && !result.task.is_classes();
  const std::size_t width = name_width(result.task), interval = result.score.interval ? 18 : 0;
  Cells head = {{continuous ? "CCC" : "F1", 8}, {interval > 0 ? "95 %" : "", interval}};
  if (continuous) {
    head.insert(head.end(), {{"Pearson", 9}, {"MAE", 9}, {"RMSE", 9}, {"frames", 12}});
  } else {
    if (masked) head.push_back({"known", 12});
    head.insert(head.end(), {{"labelled", 12}, {"predicted", 12}});
  }
  const char* kind = result.task.is_classes() ? "class" : "output";
  std::string out = "  " + left(kind, width) + line_of(head);
  for (const PartResult& part : result.parts) {
    const std::string score = !part.in_mean  ? "-"
                              : part.defined ? fixed(part.score.value, 4)
                                             : "0 (*)";
    Cells cells = {{score, 8}, {part.in_mean ? interval_text(part.score.interval) : "", interval}};
    if (continuous) {
      const ContinuousErrors errors = part.errors.value_or(ContinuousErrors());
      for (const double value : {errors.pearson, errors.mae, errors.rmse}) {
        cells.push_back({part.known > 0 ? fixed(value, 4) : "", 9});
      }
      cells.push_back({with_thousands(part.known), 12});
    } else {
      if (masked) cells.push_back({with_thousands(part.known), 12});
      cells.push_back({with_thousands(part.support), 12});
      cells.push_back({with_thousands(part.answered), 12});
    }
    out += "  " + left(part.name, width) + line_of(cells);
  }
  return out;
}

std::string confusion_table(const Task& task, const Confusion& confusion) {
  std::size_t width = 10;
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    width = std::max({width, with_thousands(confusion.support(truth)).size() + 1,
                      task.outputs()[truth].size() + 1});
  }
  const std::size_t names = name_width(task);
  std::string out = "  confusion (rows: truth, columns: prediction)\n" + left("", names + 2);
  for (const std::string& name : task.outputs()) out += right(name, width);
  out += "\n";
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    out += "  " + left(task.outputs()[truth], names);
    for (std::size_t c = 0; c < confusion.classes(); ++c) {
      out += right(with_thousands(confusion.count(truth, c)), width);
    }
    out += "\n";
  }
  return out;
}

/// Outputs that cannot be scored here.
std::string left_out_note(const TaskResult& result) {
  std::vector<std::string> names;
  for (const PartResult& part : result.parts) {
    if (!part.in_mean) names.push_back(part.name);
  }
  if (names.empty()) return {};
  return concat("  left out of the mean: ", listed(names),
                result.task.is_binary() ? " (no positive label here)\n" : " (no label here)\n");
}

std::string undefined_note(const TaskResult& result) {
  const auto names = undefined_parts(result);
  if (names.empty()) return {};
  const std::string why =
      result.task.is_continuous()
          ? "both sides are one constant, the CCC is undefined and counts as 0"
          : "neither labelled nor predicted here, the F1 is undefined and counts as 0 in the mean";
  return concat("  (*) ", join(names), ": ", why, "\n");
}

std::string missing_note(const TaskResult& result) {
  std::ostringstream out;
  if (result.missing_frames > 0) {
    out << "  missing: " << counted(result.missing_frames, "labelled frame")
        << " without a prediction, "
        << (result.filled_frames > 0 ? "filled from their neighbours and scored" : "left out")
        << "\n";
  }
  if (!result.missing_videos.empty()) {
    out << "  without any prediction: "
        << counted(static_cast<std::int64_t>(result.missing_videos.size()), "video") << " ("
        << listed(result.missing_videos) << ")\n";
  }
  return out.str();
}

std::string policy_note(PartlyKnown policy) {
  if (policy == PartlyKnown::kDropRow) {
    return "  frames with an output that is not labelled are left out (the number that is "
           "published)\n";
  }
  return "  each output is scored on the frames that are labelled for it\n";
}

std::string baseline_note(const TaskResult& result) {
  if (!result.baseline) return "  a constant prediction has CCC 0\n";
  const std::string answers =
      result.baseline->answers.empty() ? std::string("0") : join(result.baseline->answers);
  return concat("  majority: always ", answers, ", by the ", result.baseline->from, " labels\n");
}

std::string task_text(const TaskResult& result) {
  std::string out = headline(result) + parts_table(result);
  if (result.task.is_classes()) out += confusion_table(result.task, result.confusion);
  if (result.task.is_binary()) out += policy_note(result.partly_known);
  return out + baseline_note(result) + left_out_note(result) + undefined_note(result) +
         missing_note(result) + diagnostics_text(result);
}

}  // namespace

std::string left(const std::string& text, std::size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string interval_text(const std::optional<Interval>& interval) {
  if (!interval) return {};
  return concat("[", fixed(interval->low, 3), ", ", fixed(interval->high, 3), "]");
}

std::string to_text(const EvaluationReport& report) {
  std::string out = split_name(report.split) + " split, decisions ";
  std::vector<std::string> rules;
  for (const auto& [task, rule] : report.rules) {
    rules.push_back(concat(task_name(task), " ", text_of(rule)));
  }
  out += (rules.empty() ? "as they are" : join(rules, " | ")) + "\n";
  if (report.in_sample) {
    out +=
        "optimistic: the decisions were tuned on these videos (mien tune has the out-of-fold "
        "number)\n";
  }
  for (const auto& [task, result] : report.tasks) {
    out += "\n" + task_text(result);
    if (report.robustness.contains(task)) out += robustness_text(report.robustness.at(task));
  }
  if (const auto p = report.multitask_p()) {
    out += concat("\nMTL   P ", fixed(*p, 4), "  (the sum of the three)\n");
  }
  return out;
}

}  // namespace mien
