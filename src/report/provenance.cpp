// Where the numbers come from: record.json and config.yaml.
#include "html.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

std::string cell_of(const json& record, const std::string& pointer) {
  const json::json_pointer place(pointer);
  if (!record.is_object() || !record.contains(place)) return "–";
  const json& value = record[place];
  if (value.is_string()) return escaped(value.get<std::string>());
  if (value.is_number_float()) return fixed(value.get<double>(), 1);
  if (value.is_array()) {
    std::vector<std::string> words;
    for (const json& one : value)
      words.push_back(one.is_string() ? one.get<std::string>() : json_text(one));
    return escaped(join(words, " "));
  }
  return escaped(json_text(value));
}

}  // namespace

std::string provenance_section(const Runs& runs) {
  constexpr std::pair<const char*, const char*> kRows[] = {
      {"started", "/started"},
      {"finished", "/finished"},
      {"mien", "/version"},
      {"commit", "/git"},
      {"command line", "/command_line"},
      {"seed", "/seed"},
      {"host", "/machine/host"},
      {"device", "/machine/device"},
      {"threads", "/machine/threads"},
      {"PyTorch", "/machine/torch"},
      {"encoder", "/banks/0/encoder"},
      {"encoder archive", "/banks/0/encoder_sha256"},
      {"bank", "/banks/0/path"},
      {"labels", "/labels_sha256"},
      {"training rows", "/training/rows"},
      {"training videos", "/training/videos"},
      {"validation rows", "/validation/rows"},
      {"validation videos", "/validation/videos"},
      {"epochs", "/epochs"},
      {"steps", "/steps"},
      {"best epoch", "/best/epoch"},
      {"training seconds", "/train_seconds"}};
  std::vector<std::string> header = {""};
  for (const ReportRun& run : runs) header.push_back(escaped(run.files.name));
  HtmlTable table("Provenance (record.json)", header);
  for (const auto& [name, pointer] : kRows) {
    std::vector<std::string> cells = {name};
    bool any = false;
    for (const ReportRun& run : runs) {
      cells.push_back(cell_of(run.files.record, pointer));
      any = any || cells.back() != "–";
    }
    if (any) table.add_row(cells);
  }
  std::string configs;
  for (const ReportRun& run : runs) {
    configs += element("details", "",
                       element("summary", "", "Configuration of " + escaped(run.files.name)) +
                           element("pre", "tabindex=\"0\"", escaped(run.files.config))) +
               "\n";
  }
  return section("provenance", "Configuration and provenance",
                 (table.empty() ? "" : table.html()) + configs);
}

}  // namespace mien
