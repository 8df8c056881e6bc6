#include "html.h"
#include "mien/core/text.h"
#include "mien/core/version.h"
#include "mien/report/report.h"
#include "sections.h"

namespace mien {
namespace {

/// Links to the sections that are there.
std::string navigation(const std::string& content) {
  constexpr std::pair<const char*, const char*> kSections[] = {
      {"numbers", "Numbers"},      {"curves", "Curves"},
      {"classes", "Classes"},      {"precision-recall", "Precision"},
      {"timelines", "Videos"},     {"calibration", "Reliability"},
      {"decisions", "Decisions"},  {"flatness", "Flatness"},
      {"provenance", "Provenance"}};
  std::string links;
  for (const auto& [id, title] : kSections) {
    if (content.find(concat("<section id=\"", id, "\"")) == std::string::npos) continue;
    links += element("a", concat("href=\"#", id, "\""), title) + "\n";
  }
  return element("nav", "aria-label=\"Sections\"", "\n" + links) + "\n";
}

}  // namespace

std::string report_html(const std::vector<ReportRun>& runs) {
  std::vector<std::string> names;
  for (const ReportRun& run : runs) names.push_back(run.files.name);
  const std::string title = escaped(join(names) + " – mien report");
  std::string content;
  for (const auto part : {headline_section, curves_section, classes_section,
                          precision_recall_section, timelines_section, calibration_section,
                          decisions_section, flatness_section, provenance_section}) {
    content += part(runs);
  }
  const std::string head = concat(
      "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<link "
      "rel=\"icon\" href=\"data:,\">\n",
      element("title", "", title), "\n", element("style", "", kStyleSheet), "\n");
  const std::string body =
      element("header", "",
              element("h1", "", escaped(join(names, " · "))) +
                  paragraph("Written by mien report, mien " + version() + " (" + git_state() + ").",
                            "note")) +
      "\n" + navigation(content) + element("main", "", "\n" + content) + "\n";
  return "<!doctype html>\n<html lang=\"en\">\n" + element("head", "", "\n" + head) + "\n" +
         element("body", "", "\n" + body) + "\n</html>\n";
}

}  // namespace mien
