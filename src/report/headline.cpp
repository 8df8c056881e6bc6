// The numbers first: each task's score with its interval, beside constants and published figures.
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

/// formats.md, section 5.
struct Published {
  const char* task;
  const char* what;
  const char* figure;
};
constexpr Published kPublished[] = {
    {"expr", "challenge baseline, validation", ".23 to .25"},
    {"expr", "the method implemented here, validation", "about .36"},
    {"expr", "the method implemented here, test", ".3228"},
    {"expr", "frozen EfficientNet embeddings and a small head", ".384; with smoothing .424"},
    {"au", "challenge baseline, validation", ".39"},
    {"au", "the method implemented here, validation", "about .43"},
    {"au", "the method implemented here, test", ".3832"},
    {"au", "frozen EfficientNet embeddings and a small head",
     ".508; with thresholds .537; and smoothing .546"}};

/// Mean over AUs of the F1 of answering 1 always: 2 s / (s + n).
std::optional<double> all_positive(const json& task) {
  const auto frames = number_at(task, "/frames");
  if (!frames || !task.contains("support")) return {};
  double sum = 0;
  for (const char* unit : kActionUnitNames) {
    const double support = number_at(task, concat("/support/", unit)).value_or(0);
    sum += support > 0 ? 2 * support / (support + *frames) : 0;
  }
  return sum / kActionUnits;
}

std::string row_cell(const RunFiles& run, const std::string& task, const std::string& pointer,
                     int count = 4) {
  return run.has_task(task) ? digits(number_at(run.task(task), pointer), count) : "–";
}

void add_rows(HtmlTable& table, const Runs& runs, const std::string& task) {
  const auto row = [&](const std::string& name, const auto& cell_of) {
    std::vector<std::string> cells = {name};
    bool any = false;
    for (const ReportRun& run : runs) {
      cells.push_back(cell_of(run.files));
      any = any || cells.back() != "–";
    }
    if (any) table.add_row(cells);
  };
  const std::string key = metric_key(task), title = metric_title(task);
  row("<strong>" + title + "</strong>, 95 % interval", [&](const RunFiles& run) {
    return run.has_task(task)
               ? "<strong>" + with_interval(run.task(task), "/" + key, "/ci95") + "</strong>"
               : std::string("–");
  });
  row(title + ", decisions out of fold", [&](const RunFiles& run) {
    return run.tuning.is_object() && run.tuning.contains(task) &&
                   text_at(run.tuning, "/weights") != "last"
               ? with_interval(run.tuning[task], "/out_of_fold_" + key, "/out_of_fold_ci95")
               : std::string("–");
  });
  row("majority baseline",
      [&](const RunFiles& run) { return row_cell(run, task, "/baseline/f1"); });
  if (task == "au") {
    row("every AU always 1", [&](const RunFiles& run) {
      return run.has_task(task) ? digits(all_positive(run.task(task))) : std::string("–");
    });
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
}

bool any_has(const Runs& runs, const std::string& task) {
  for (const ReportRun& run : runs) {
    if (run.files.has_task(task)) return true;
  }
  return false;
}

/// Scores as dots with their intervals, and the constants as crosses.
std::string chart(const Runs& runs, const std::string& task) {
  const std::string key = metric_key(task);
  std::vector<std::string> names;
  std::string spoken;
  for (const ReportRun& run : runs) {
    names.push_back(run.files.name.size() > 14 ? run.files.name.substr(0, 13) + "…"
                                               : run.files.name);
    spoken +=
        run.files.name + " " +
        (run.files.has_task(task) ? digits(number_at(run.files.task(task), "/" + key)) : "none") +
        "; ";
  }
  const auto count = static_cast<double>(runs.size());
  Plot plot(metric_title(task) + " with 95 % interval", spoken,
            {.width = 400, .height = 84 + 26 * count, .left = 104},
            {.low = key == "ccc" ? -1. : 0.,
             .high = 1,
             .label = task == "au"  ? "× most frequent answers, + every AU always 1"
                      : key == "f1" ? "× always the most frequent class"
                                    : ""},
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
    if (task != "au") continue;
    if (const auto constant = all_positive(result)) plot.text(*constant, y - .34, "+");
  }
  return plot.svg();
}

/// Published figures are for one data set: shown where the official validation split is that large.
std::string published(const Runs& runs) {
  constexpr double kOfficialVideos = 60;  // of 70 (EXPR) and 105 (AU)
  std::string rows;
  HtmlTable table("Published on Aff-Wild2 (F1): comparable only with runs on that data",
                  {"task", "what", "F1"});
  for (const Published& entry : kPublished) {
    for (const ReportRun& run : runs) {
      if (!run.files.has_task(entry.task)) continue;
      const auto videos = number_at(run.files.task(entry.task), "/videos").value_or(0);
      if (videos < kOfficialVideos) continue;
      table.add_row({metric_title(entry.task), entry.what, entry.figure});
      break;
    }
  }
  return table.empty() ? "" : table.html();
}

}  // namespace

std::string headline_section(const Runs& runs) {
  std::vector<std::string> header = {""};
  for (const ReportRun& run : runs) header.push_back(escaped(run.files.name));
  HtmlTable table("Validation split, official metrics", header);
  std::string charts;
  for (const std::string& task : kTaskNames) {
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
    if (!run.files.has_task("expr") && !run.files.has_task("au") && !run.files.has_task("va")) {
      note += paragraph(run.files.name + " has not been evaluated (mien evaluate).", "note");
    } else if (decided_by_tuning(run.files)) {
      note +=
          paragraph(run.files.name +
                        ": tuned decisions are applied; they were chosen on these videos, so its "
                        "score is optimistic and the out-of-fold one is the one to report.",
                    "note");
    }
    if (run.files.tuning.is_object()) note += kept_set_note(run.files);
  }
  return section("numbers", "Numbers",
                 grid(charts) + table.html() + note +
                     paragraph("Intervals: bootstrap over videos, bias-corrected.", "note") +
                     published(runs));
}

}  // namespace mien
