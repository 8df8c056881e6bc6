// mien inspect: what is this file or folder, and is it whole?
#include <memory>

#include "command_line.h"
#include "commands/commands.h"
#include "inspect/inspect_facts.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kExample =
    "  mien inspect banks/clip-l14 --verify\n"
    "  mien inspect banks/moved --verify --images /new/place/cropped_aligned\n"
    "  mien inspect 6th_ABAW_Annotations --json";

struct Options {
  CommonOptions common;
  std::string path, videos;
  InspectOptions inspect;
};

/// `key: value` lines, nested ones indented.
std::string facts_text(const json& facts, const std::string& indent) {
  std::string text;
  for (const auto& [key, value] : facts.items()) {
    if (value.is_object()) {
      text += indent + key + ":\n" + facts_text(value, indent + "  ");
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      text += indent + key + ":\n";
      for (const json& entry : value) text += indent + "  " + json_text(entry) + "\n";
    } else {
      text += indent + key + ": " +
              (value.is_string() ? value.get<std::string>() : json_text(value)) + "\n";
    }
  }
  return text;
}

std::string indented(const std::string& text) {
  std::string out;
  for (const std::string_view line : lines_of(text)) out += "    " + std::string(line) + "\n";
  return out;
}

void run_inspect(const Options& options) {
  options.common.apply();
  require_given("PATH", options.path, "an encoder, a bank, labels, a run or a submission");
  InspectOptions wanted = options.inspect;
  if (!options.videos.empty()) wanted.videos = names_in(options.videos, "--videos");
  const Inspection found = inspect(options.path, wanted);
  if (options.common.json) {
    json result = found.facts;
    result["kind"] = found.kind;
    result["valid"] = found.problems.empty();
    result["problems"] = found.problems;
    result["warnings"] = found.warnings;
    if (!found.config.empty()) result["config"] = found.config;
    print_json(result);
  } else {
    print_text(concat(options.path, ": ", found.kind,
                      found.problems.empty() ? ", valid\n" : ", NOT valid\n") +
               facts_text(found.facts, "  "));
    if (!found.config.empty()) print_text("  for a config:\n" + indented(found.config));
    for (const std::string& warning : found.warnings) print_text("  warning: " + warning + "\n");
    for (const std::string& problem : found.problems) print_text("  problem: " + problem + "\n");
  }
  if (!found.problems.empty()) {
    throw InputError(
        found.kind, options.path,
        found.problems.size() == 1
            ? found.problems.front()
            : concat(found.problems.size(), " problems, the first: ", found.problems.front()));
  }
}

}  // namespace

void add_inspect(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add("inspect", "What is this file or folder, and is it whole?", kExample,
                               options->common);
  command->add_option("PATH", options->path, "Encoder, bank, labels, run or submission");
  command->add_flag("--verify", options->inspect.verify,
                    "Read everything, not only the headers; hold a bank against its images");
  command->add_option("--images", options->inspect.images,
                      "Where a bank's images are now, for data that moved; several roots");
  command->add_option("--videos", options->videos,
                      "File with the names that a bank should have, one a line");
  line.when_chosen(command, [options] {
    give_back(options->inspect.images, options->path);
    run_inspect(*options);
  });
}

}  // namespace mien
