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
  const bool is_va = result.task == Task::kVa;
  const char* title = is_va ? "VA" : result.task == Task::kAu ? "AU" : "EXPR";
  std::ostringstream out;
  out << left(title, 6) << (is_va ? "CCC " : "F1 ") << fixed(result.score.value, 4);
  if (result.score.interval) out << "  " << interval_text(result.score.interval) << " 95 %";
  out << "  over " << counted(result.videos, "video") << ", " << counted(result.frames, "frame");
  if (result.baseline) out << "   majority " << fixed(result.baseline->f1, 3);
  if (result.task == Task::kExpr) out << "   accuracy " << fixed(result.accuracy, 4);
  return out.str() + "\n";
}

std::string parts_table(const TaskResult& result) {
  const bool is_va = result.task == Task::kVa;
  const char* kind = is_va ? "dimension" : result.task == Task::kAu ? "AU" : "class";
  const bool with_interval = result.score.interval.has_value();
  const auto line = [with_interval](const std::string& name, const std::string& score,
                                    const std::string& interval, const std::string& support,
                                    const std::string& answered) {
    return "  " + left(name, 10) + right(score, 8) + (with_interval ? right(interval, 18) : "") +
           right(support, 12) + right(answered, 12) + "\n";
  };
  std::string out = is_va ? line(kind, "CCC", "95 %", "frames", "")
                          : line(kind, "F1", "95 %", "labelled", "predicted");
  for (const PartResult& part : result.parts) {
    const std::string score = part.defined ? fixed(part.score.value, 4) : "0 (*)";
    out += line(part.name, score, interval_text(part.score.interval), with_thousands(part.support),
                is_va ? "" : with_thousands(part.answered));
  }
  return out;
}

std::string confusion_table(const Confusion& confusion) {
  std::size_t width = 10;
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    width = std::max(width, with_thousands(confusion.support(truth)).size() + 1);
  }
  std::string out = "  confusion (rows: truth, columns: prediction)\n" + left("", 12);
  for (const char* name : kExpressionNames) out += right(name, width);
  out += "\n";
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    out += "  " + left(kExpressionNames[truth], 10);
    for (std::size_t c = 0; c < confusion.classes(); ++c) {
      out += right(with_thousands(confusion.count(truth, c)), width);
    }
    out += "\n";
  }
  return out;
}

std::string undefined_note(const TaskResult& result) {
  const auto names = undefined_parts(result);
  if (names.empty()) return {};
  const std::string why =
      result.task == Task::kVa
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

std::string policy_note(AuPolicy policy) {
  if (policy == AuPolicy::kDropFrame) {
    return "  frames with a -1 among their 12 AUs are left out (the number that is published)\n";
  }
  return "  a -1 leaves out that AU only, not the frame (not the number that is published)\n";
}

std::string baseline_note(const TaskResult& result) {
  if (!result.baseline) return "  a constant prediction has CCC 0\n";
  const std::string answers =
      result.baseline->answers.empty() ? std::string("no AU") : join(result.baseline->answers);
  return concat("  majority: always ", answers, ", by the ", result.baseline->from, " labels\n");
}

std::string task_text(const TaskResult& result) {
  std::string out = headline(result) + parts_table(result);
  if (result.task == Task::kExpr) out += confusion_table(result.confusion);
  if (result.task == Task::kAu) out += policy_note(result.au_policy);
  return out + baseline_note(result) + undefined_note(result) + missing_note(result) +
         diagnostics_text(result);
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
    out += concat("\nMTL   P ", fixed(*p, 4), "  (mean CCC + EXPR F1 + AU F1)\n");
  }
  return out;
}

}  // namespace mien
