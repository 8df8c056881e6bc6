// What the sections share.
#include <algorithm>
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "sections.h"

namespace mien {

std::string section(std::string_view id, std::string_view title, const std::string& content) {
  if (content.empty()) return {};
  return element("section", concat("id=\"", id, "\""),
                 "\n" + element("h2", "", escaped(title)) + "\n" + content) +
         "\n";
}

std::string grid(const std::string& charts, std::string_view css) {
  return charts.empty() ? "" : element("div", concat("class=\"", css, "\""), "\n" + charts) + "\n";
}

std::string run_css(std::size_t index) {
  return concat("s", index % 7);
}

std::string legend(const Runs& runs) {
  if (runs.size() < 2) return {};
  std::string items;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    items += element("li", "",
                     concat("<svg class=\"swatch\" viewBox=\"0 0 20 10\" aria-hidden=\"true\">"
                            "<path class=\"line ",
                            run_css(i), "\" d=\"M0 5H20\"/></svg>", escaped(runs[i].files.name)));
  }
  return element("ul", "class=\"legend\" aria-label=\"Colours of the runs\"", items) + "\n";
}

std::string digits(const std::optional<double>& value, int count) {
  return value && std::isfinite(*value) ? fixed(*value, count) : "–";
}

std::string with_interval(const nlohmann::json& object, const std::string& value,
                          const std::string& interval) {
  std::string text = digits(number_at(object, value));
  const auto low = number_at(object, interval + "/0"), high = number_at(object, interval + "/1");
  if (low && high) {
    text += concat(" <span class=\"ci\">[", digits(low, 3), ", ", digits(high, 3), "]</span>");
  }
  return text;
}

std::string metric_key(const std::string& task) {
  return task == "va" ? "ccc" : "f1";
}

std::string metric_title(const std::string& task) {
  return task == "va" ? "VA CCC" : task == "au" ? "AU F1" : "EXPR F1";
}

std::vector<std::string> score_names(Task task) {
  if (task == Task::kExpr) return {kExpressionNames.begin(), kExpressionNames.end()};
  if (task == Task::kAu) return {kActionUnitNames.begin(), kActionUnitNames.end()};
  return {"valence", "arousal"};
}

std::vector<double> thresholds_of(const RunFiles& run) {
  const bool evaluated = run.evaluation.is_object();
  const nlohmann::json& source = evaluated ? run.evaluation : run.decisions;
  const char* place = evaluated ? "/decisions/au/thresholds/" : "/tasks/au/thresholds/";
  std::vector<double> thresholds(kActionUnits, .5);
  for (std::size_t i = 0; i < kActionUnits; ++i) {
    thresholds[i] = number_at(source, concat(place, i)).value_or(.5);
  }
  return thresholds;
}

bool decided_by_tuning(const RunFiles& run) {
  if (!run.evaluation.is_object()) return false;
  if (run.evaluation.contains("in_sample")) return run.evaluation["in_sample"] == true;
  const auto rules = run.evaluation.find("decisions");  // an older file: a rule is an object
  return rules != run.evaluation.end() &&
         std::ranges::any_of(*rules, [](const auto& rule) { return rule.is_object(); });
}

std::string kept_set_note(const RunFiles& run) {
  return paragraph(run.name +
                       ": the kept decisions are the best set out of fold; that choice makes "
                       "their own out-of-fold number a little optimistic.",
                   "note");
}

}  // namespace mien
