#include "mien/evaluation/compare_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/text.h"
#include "parts.h"

namespace mien {
namespace {

using nlohmann::json;

json score_json(const ComparedScore& score) {
  return {{"first", score.first.value},
          {"first_ci95", interval_json(score.first.interval)},
          {"second", score.second.value},
          {"second_ci95", interval_json(score.second.interval)},
          {"difference", score.difference.value},
          {"ci95", interval_json(score.difference.interval)},
          {"probability_better",
           score.probability_better ? json(*score.probability_better) : json(nullptr)}};
}

json task_json(const TaskComparison& comparison) {
  json parts = json::object();
  for (const ComparedScore& part : comparison.parts) parts[part.name] = score_json(part);
  json out = score_json(comparison.score);
  out["metric"] = metric_name(comparison.task);
  out["parts"] = parts;
  out["frames"] = comparison.frames;
  out["videos"] = comparison.videos;
  out["frames_first_only"] = comparison.frames_first_only;
  out["frames_second_only"] = comparison.frames_second_only;
  if (comparison.mcnemar) {
    out["mcnemar"] = {{"first_only_right", comparison.mcnemar->first_only},
                      {"second_only_right", comparison.mcnemar->second_only},
                      {"p", comparison.mcnemar->p}};
  }
  return out;
}

std::string with_sign(double value, int digits) {
  const std::string text = fixed(value, digits);
  return value < 0 ? text : "+" + text;
}

std::string signed_interval(const std::optional<Interval>& interval) {
  if (!interval) return {};
  return concat("[", with_sign(interval->low, 4), ", ", with_sign(interval->high, 4), "]");
}

std::string row_text(const std::string& name, const ComparedScore& score, std::size_t width) {
  return "  " + left(name, width) + right(fixed(score.first.value, 4), 8) +
         right(fixed(score.second.value, 4), 8) + right(with_sign(score.difference.value, 4), 10) +
         right(signed_interval(score.difference.interval), 21) +
         right(score.probability_better ? fixed(*score.probability_better, 3) : "", 12) + "\n";
}

std::string mcnemar_text(const McNemar& test, const Task& task) {
  return concat("  McNemar over ", task.is_binary() ? "frames and outputs" : "frames",
                ": right alone A ", with_thousands(test.first_only), ", B ",
                with_thousands(test.second_only), "; p ",
                test.p < .001 ? std::string("< .001") : concat("= ", fixed(test.p, 3)),
                ". Frames of a video are not independent: this p is too small, go by the "
                "interval\n");
}

std::string task_text(const TaskComparison& comparison) {
  const Task& task = comparison.task;
  std::size_t width = 11;
  for (const std::string& name : task.outputs()) width = std::max(width, name.size() + 1);
  std::string text = concat("\n", left(task.title(), 6), task.title().size() < 6 ? "" : " ",
                            task.is_continuous() ? "CCC" : "F1", " over ", comparison.videos,
                            comparison.videos == 1 ? " video, " : " videos, ",
                            with_thousands(comparison.frames), " frames that both decide");
  if (comparison.frames_first_only + comparison.frames_second_only > 0) {
    text += concat(" (labelled ones only A decides ", with_thousands(comparison.frames_first_only),
                   ", only B ", with_thousands(comparison.frames_second_only), ")");
  }
  text += "\n  " + left("", width) + right("A", 8) + right("B", 8) + right("B - A", 10) +
          right(comparison.score.difference.interval ? "95 %" : "", 21) +
          right(comparison.score.probability_better ? "P(B better)" : "", 12) + "\n";
  text += row_text("mean", comparison.score, width);
  for (const ComparedScore& part : comparison.parts) text += row_text(part.name, part, width);
  if (comparison.mcnemar) text += mcnemar_text(*comparison.mcnemar, task);
  return text;
}

/// Tuned decisions have seen the answers of these videos.
std::string in_sample_text(bool first, bool second) {
  if (first && second) return "optimistic: the decisions of both were tuned on these videos\n";
  if (!first && !second) return {};
  const char* tuned = first ? "A" : "B";
  const char* other = first ? "B" : "A";
  return concat("optimistic for ", tuned, ": its decisions were tuned on these videos, those of ",
                other, " were not (--raw compares runs without)\n");
}

}  // namespace

json to_json(const CompareReport& report) {
  json others = json::array();
  for (const SideComparison& side : report.others) {
    json tasks = json::object();
    for (const auto& [task, comparison] : side.tasks) {
      tasks[task_name(task)] = task_json(comparison);
    }
    others.push_back(
        {{"second", side.name},
         {"in_sample", {{"first", report.first_in_sample}, {"second", side.in_sample}}},
         {"tasks", tasks},
         {"tasks_left_out", side.tasks_left_out}});
  }
  return {{"split", split_name(report.split)},
          {"first", report.first},
          {"draws", report.draws},
          {"comparisons", others}};
}

std::string to_text(const CompareReport& report) {
  std::string text = concat(split_name(report.split), " split");
  if (report.draws > 0) {
    text += concat("; 95 % intervals and P from ", with_thousands(report.draws),
                   " draws over videos, the same for both");
  }
  text += "\n";
  for (const SideComparison& side : report.others) {
    text += concat("\nA  ", report.first, "\nB  ", side.name, "\n");
    text += in_sample_text(report.first_in_sample, side.in_sample);
    if (!side.tasks_left_out.empty()) {
      text += "left out, only one of them has it: " + join(side.tasks_left_out) + "\n";
    }
    for (const auto& [task, comparison] : side.tasks) text += task_text(comparison);
  }
  return text;
}

}  // namespace mien
