// Whether a score of .8 is right eight times in ten.
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

struct Bin {
  double probability = 0, share = 0, count = 0;
};

void add_bins(std::vector<Bin>& bins, const json& part) {
  if (!part.contains("bins")) return;
  const json& list = part["bins"];
  bins.resize(std::max(bins.size(), list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double count = number_at(list[i], "/count").value_or(0);
    bins[i].count += count;
    bins[i].probability += count * number_at(list[i], "/mean_probability").value_or(0);
    bins[i].share += count * number_at(list[i], "/share").value_or(0);
  }
}

/// Of a task, all binary outputs together.
std::vector<Bin> bins_of(const RunFiles& run, const Task& task) {
  std::vector<Bin> bins;
  if (!run.has_task(task) || !run.task(task).contains("calibration")) return bins;
  const json& calibration = run.task(task)["calibration"];
  add_bins(bins, calibration);
  const std::string key = outputs_key(task);
  if (task.is_binary() && calibration.contains(key)) {
    for (const auto& [name, part] : calibration[key].items()) add_bins(bins, part);
  }
  for (Bin& bin : bins) {
    if (bin.count > 0) bin.probability /= bin.count, bin.share /= bin.count;
  }
  return bins;
}

std::string title_of(const Task& task) {
  const std::string name = shortened(task.title(), 16);
  if (task.is_classes()) return name + ": the highest class's probability";
  return concat(name, ": probabilities, all ", output_word(task), "s together");
}

std::string chart(const Runs& runs, const Task& task) {
  std::string spoken;
  for (const ReportRun& run : runs) {
    if (run.files.has_task(task))
      spoken += concat(run.files.name, ": ECE ",
                       digits(number_at(run.files.task(task), "/calibration/ece")), "; ");
  }
  Plot plot(title_of(task), spoken, {.width = 380, .height = 320},
            {.low = 0, .high = 1, .label = "mean probability"},
            {.low = 0,
             .high = 1,
             .label = task.is_classes() ? "share that is right" : "share labelled 1"});
  plot.draw_axes();
  plot.line({{0, 0}, {1, 1}}, "muted dash");
  bool any = false;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const std::vector<Bin> bins = bins_of(runs[r].files, task);
    double most = 0;
    Points points;
    for (const Bin& bin : bins) {
      most = std::max(most, bin.count);
      if (bin.count > 0) points.emplace_back(bin.probability, bin.share);
    }
    if (points.empty()) continue;
    any = true;
    plot.line(points, run_css(r));
    for (const Bin& bin : bins) {
      if (bin.count == 0) continue;
      plot.dot(bin.probability, bin.share, 2 + 5 * std::sqrt(bin.count / most),
               run_css(r) + " fill",
               concat(runs[r].files.name, ": probability ", fixed(bin.probability, 3), ", share ",
                      fixed(bin.share, 3), ", ",
                      with_thousands(static_cast<std::int64_t>(bin.count)), " of them"));
    }
  }
  return any ? plot.svg() : "";
}

}  // namespace

std::string calibration_section(const Runs& runs) {
  std::string charts;
  for (const Task& task : tasks_of(runs)) {
    if (!task.is_continuous()) charts += chart(runs, task);
  }
  if (charts.empty()) return {};
  return section("calibration", "Reliability",
                 legend(runs) + grid(charts) +
                     paragraph("On the broken line a probability is what it says. A dot's area is "
                               "the number of frames. Of the run's own scores, before decisions.",
                               "note"));
}

}  // namespace mien
