// The numbers first: each task's score with its interval, beside constants and published figures.
#include <algorithm>
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

/// formats.md, section 5.
struct Published {
  TaskKind kind;  ///< of the challenge's task
  const char* what;
  const char* figure;
};
constexpr Published kPublished[] = {
    {TaskKind::kClasses, "challenge baseline, validation", ".23 to .25"},
    {TaskKind::kClasses, "the method implemented here, validation", "about .36"},
    {TaskKind::kClasses, "the method implemented here, test", ".3228"},
    {TaskKind::kClasses, "frozen EfficientNet embeddings and a small head",
     ".384; with smoothing .424"},
    {TaskKind::kBinary, "challenge baseline, validation", ".39"},
    {TaskKind::kBinary, "the method implemented here, validation", "about .43"},
    {TaskKind::kBinary, "the method implemented here, test", ".3832"},
    {TaskKind::kBinary, "frozen EfficientNet embeddings and a small head",
     ".508; with thresholds .537; and smoothing .546"}};

/// Mean over the outputs of the F1 of answering 1 always: 2 s / (s + n).
std::optional<double> all_positive(const RunFiles& run, const Task& task) {
  if (!run.has_task(task)) return {};
  const json& result = run.task(task);
  const auto frames = number_at(result, "/frames");
  if (!frames || !result.contains("support")) return {};
  double sum = 0, count = 0;
  for (const std::string& output : task.outputs()) {
    if (!left_out_reason(run, task, output).empty()) continue;
    const double support = number_at(result, "/support" + place_of(output)).value_or(0);
    const double known = number_at(result, "/known" + place_of(output)).value_or(*frames);
    sum += support > 0 ? 2 * support / (support + known) : 0;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

std::string row_cell(const RunFiles& run, const Task& task, const std::string& pointer,
                     int count = 4) {
  return run.has_task(task) ? digits(number_at(run.task(task), pointer), count) : "–";
}

void add_rows(HtmlTable& table, const Runs& runs, const Task& task) {
  const auto row = [&](const std::string& name, const auto& cell_of) {
    std::vector<std::string> cells = {name};
    bool any = false;
    for (const ReportRun& run : runs) {
      cells.push_back(cell_of(run.files));
      any = any || cells.back() != "–";
    }
    if (any) table.add_row(cells);
  };
  const std::string key = metric_name(task), title = escaped(metric_title(task));
  row("<strong>" + title + "</strong>, 95 % interval", [&](const RunFiles& run) {
    return run.has_task(task)
               ? "<strong>" + with_interval(run.task(task), "/" + key, "/ci95") + "</strong>"
               : std::string("–");
  });
  row(title + ", decisions out of fold", [&](const RunFiles& run) {
    const json* tuning = run.tuning_of(task);
    return tuning != nullptr && text_at(run.tuning, "/weights") != "last"
               ? with_interval(*tuning, "/out_of_fold_" + key, "/out_of_fold_ci95")
               : std::string("–");
  });
  row("majority baseline",
      [&](const RunFiles& run) { return row_cell(run, task, "/baseline/f1"); });
  if (task.is_binary()) {
    row(concat("every ", output_word(task), " always 1"),
        [&](const RunFiles& run) { return digits(all_positive(run, task)); });
  }
  row("accuracy", [&](const RunFiles& run) { return row_cell(run, task, "/accuracy"); });
  row("calibration error (ECE), before decisions",
      [&](const RunFiles& run) { return row_cell(run, task, "/calibration/ece"); });
  row("mean loss, before decisions",
      [&](const RunFiles& run) { return row_cell(run, task, "/loss/mean"); });
  row("mean loss of the worst tenth (CVaR .1), before decisions",
      [&](const RunFiles& run) { return row_cell(run, task, "/loss/cvar/0.1"); });
  row("frames / videos / frames without an embedding", [&](const RunFiles& run) -> std::string {
    if (!run.has_task(task)) return "–";
    const auto count = [&](const char* pointer) {
      return with_thousands(
          static_cast<std::int64_t>(number_at(run.task(task), pointer).value_or(0)));
    };
    return count("/frames") + " / " + count("/videos") + " / " + count("/missing_frames");
  });
  row("groups (persons or recordings), drawn in place of videos",
      [&](const RunFiles& run) { return row_cell(run, task, "/groups", 0); });
}

bool any_has(const Runs& runs, const Task& task) {
  for (const ReportRun& run : runs) {
    if (run.files.has_task(task)) return true;
  }
  return false;
}

/// Scores as dots with their intervals, and the constants as crosses.
std::string chart(const Runs& runs, const Task& task) {
  const std::string key = metric_name(task);
  std::vector<std::string> names;
  std::string spoken;
  for (const ReportRun& run : runs) {
    names.push_back(shortened(run.files.name, 14));
    spoken +=
        run.files.name + " " +
        (run.files.has_task(task) ? digits(number_at(run.files.task(task), "/" + key)) : "none") +
        "; ";
  }
  const auto count = static_cast<double>(runs.size());
  const std::string constants =
      task.is_binary() ? concat("× most frequent answers, + every ", output_word(task), " always 1")
      : task.is_classes() ? "× always the most frequent class"
                          : "";
  Plot plot(short_metric_title(task) + " with 95 % interval", spoken,
            {.width = 400, .height = 84 + 26 * count, .left = 104},
            {.low = task.is_continuous() ? -1. : 0., .high = 1, .label = constants},
            {.low = count - .3, .high = -.7});
  plot.draw_x_axis();
  plot.name_rows(names);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].files.has_task(task)) continue;
    const json& result = runs[i].files.task(task);
    const auto y = static_cast<double>(i);
    const auto value = number_at(result, "/" + key), low = number_at(result, "/ci95/0"),
               high = number_at(result, "/ci95/1");
    if (low && high) plot.line({{*low, y}, {*high, y}}, run_css(i) + " thick");
    if (value)
      plot.dot(*value, y, 5, run_css(i) + " fill", runs[i].files.name + ": " + digits(value));
    if (const auto constant = number_at(result, "/baseline/f1")) plot.text(*constant, y - .34, "×");
    if (!task.is_binary()) continue;
    if (const auto constant = all_positive(runs[i].files, task)) {
      plot.text(*constant, y - .34, "+");
    }
  }
  return plot.svg();
}

/// Published figures are for one data set: shown where the official validation split is that large.
std::string published(const Runs& runs) {
  constexpr double kOfficialVideos = 60;  // of 70 (classes) and 105 (binary)
  HtmlTable table("Published on Aff-Wild2 (F1): comparable only with runs on that data",
                  {"task", "what", "F1"});
  const auto is_large = [&runs](const Task& task) {
    return std::ranges::any_of(runs, [&task](const ReportRun& run) {
      return run.files.has_task(task) &&
             number_at(run.files.task(task), "/videos").value_or(0) >= kOfficialVideos;
    });
  };
  for (const Published& entry : kPublished) {
    for (const Task& task : challenge_tasks()) {
      if (task.kind() != entry.kind || !is_large(task)) continue;
      table.add_row({metric_title(task), entry.what, entry.figure});
    }
  }
  return table.empty() ? "" : table.html();
}

/// The outputs that the mean is not over.
std::string left_out_note(const RunFiles& run, const Task& task) {
  std::vector<std::string> names;
  std::string reason;
  for (const std::string& output : task.outputs()) {
    const std::string found = left_out_reason(run, task, output);
    if (found.empty()) continue;
    names.push_back(output);
    reason = found;
  }
  if (names.empty()) return {};
  return paragraph(concat(metric_title(task), " of ", run.name, " is the mean over ",
                          task.outputs().size() - names.size(), " of ", task.outputs().size(),
                          " outputs, without those that have ", reason, ": ", join(names), "."),
                   "note");
}

}  // namespace

std::string headline_section(const Runs& runs) {
  std::vector<std::string> header = {""};
  for (const ReportRun& run : runs) header.push_back(escaped(run.files.name));
  const std::vector<Task> tasks = tasks_of(runs);
  HtmlTable table(
      are_of_challenge(tasks) ? "Validation split, official metrics" : "Validation split", header);
  std::string charts;
  for (const Task& task : tasks) {
    if (!any_has(runs, task)) continue;
    add_rows(table, runs, task);
    charts += chart(runs, task);
  }
  if (table.empty()) {
    return section(
        "numbers", "Numbers",
        paragraph("No run has been evaluated: `mien evaluate RUN` makes the numbers.", "note"));
  }
  std::string note;
  for (const ReportRun& run : runs) {
    const auto is_evaluated = [&run](const Task& task) { return run.files.has_task(task); };
    if (std::ranges::none_of(tasks, is_evaluated)) {
      note += paragraph(run.files.name + " has not been evaluated (mien evaluate).", "note");
    } else if (decided_by_tuning(run.files)) {
      note +=
          paragraph(run.files.name +
                        ": tuned decisions are applied; they were chosen on these videos, so its "
                        "score is optimistic and the out-of-fold one is the one to report.",
                    "note");
    }
    if (run.files.tuning.is_object()) note += kept_set_note(run.files);
    for (const Task& task : tasks) note += left_out_note(run.files, task);
  }
  return section("numbers", "Numbers",
                 grid(charts) + table.html() + note +
                     paragraph("Intervals: bootstrap over videos, bias-corrected.", "note") +
                     published(runs));
}

}  // namespace mien
