// What the sections share.
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
  const nlohmann::json::json_pointer place("/tasks/au/thresholds");
  std::vector<double> thresholds(kActionUnits, .5);
  if (!run.decisions.is_object() || !run.decisions.contains(place)) return thresholds;
  for (std::size_t i = 0; i < kActionUnits; ++i) {
    thresholds[i] = number_at(run.decisions, concat("/tasks/au/thresholds/", i)).value_or(.5);
  }
  return thresholds;
}

}  // namespace mien
