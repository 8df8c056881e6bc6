#include "command_line.h"

#include <nlohmann/json.hpp>

#include "mien/core/file_kind.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/core/version.h"
#include "mien/encoder/runtime.h"
#include "process.h"

namespace mien {
namespace {

constexpr const char* kOverview =
    R"(mien: facial affect on Aff-Wild2, from crops to an accepted submission.

The pipeline, a command a stage:
  mien crop     --video *.mp4 --detector-file mtcnn.pt --out cropped_aligned
  mien encode   --images cropped_aligned --encoder clip.pt --bank bank
  mien train    configs/joint.yaml bank=bank annotations=6th_ABAW_Annotations --out runs/joint
  mien tune     runs/joint
  mien evaluate runs/joint
  mien compare  runs/joint runs/joint-sam
  mien predict  runs/joint --bank bank --out frames.csv
  mien submit   runs/joint --template template.txt --bank bank --out predictions.txt)";

/// What CLI11 says, in the form of all other errors.
InputError translated(const CLI::ParseError& problem) {
  const std::string text = problem.what();
  const std::size_t colon = text.find(": ");
  if (colon != std::string::npos && text.starts_with('-')) {
    const bool missing = text.find("missing") != std::string::npos;
    return {text.substr(0, colon), missing ? "(nothing)" : "(given)",
            missing ? "expected a value" : text.substr(colon + 2)};
  }
  return {"arguments", "(as given)", text};
}

std::vector<std::string> long_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// An argument whose value is a path in the home folder. The shell puts that in only where the ~
/// begins a word: not in --bank=~/x.
std::string with_home(const std::string& argument) {
  const std::size_t equals = argument.find("=~/");
  const std::size_t value = equals == std::string::npos ? 0 : equals + 1;
  return argument.substr(0, value) + expand_home(argument.substr(value)).string();
}

std::int64_t whole_number(const std::string& flag, const std::string& text) {
  std::int64_t value = 0;
  if (!parse_integer(text, value)) throw InputError(flag, text, "expected a whole number");
  return value;
}

}  // namespace

std::string CommonOptions::apply() const {
  if (quiet && verbose) throw InputError("--quiet", "--verbose", "expected one of the two");
  log::set_verbosity(quiet     ? log::Verbosity::kQuiet
                     : verbose ? log::Verbosity::kVerbose
                               : log::Verbosity::kNormal);
  set_threads(threads);
  return resolve_device(device);
}

CommandLine::CommandLine() : app_(kOverview, "mien") {
  app_.set_version_flag("--version", "mien " + version() + " (" + git_state() + ")",
                        "Version, and the commit it was built from");
  app_.set_help_flag("-h,--help", "This help; `mien COMMAND --help` for one command");
  app_.allow_extras();
  app_.get_formatter()->column_width(34);
}

CLI::App* CommandLine::add(const std::string& name, const std::string& description,
                           const std::string& example, CommonOptions& common) {
  CLI::App* command = app_.add_subcommand(name, description);
  command->footer("\nExample:\n" + example);
  command->allow_extras();
  command->set_help_flag("-h,--help", "This help");
  command->set_version_flag("--version", "mien " + version() + " (" + git_state() + ")",
                            "Version, and the commit it was built from");
  command->add_option("--device", common.device, "auto, cpu, cuda or cuda:N")
      ->group("Everywhere")
      ->capture_default_str();
  add_whole_number(command, "--threads", common.threads, "Threads; 0: the processors available")
      ->group("Everywhere");
  command->add_flag("--quiet", common.quiet, "Warnings and errors only")->group("Everywhere");
  command->add_flag("--verbose", common.verbose, "Details too")->group("Everywhere");
  command->add_flag("--json", common.json, "The result as one JSON object on standard output")
      ->group("Everywhere");
  return command;
}

void CommandLine::when_chosen(CLI::App* command, std::function<void()> action) {
  command->final_callback([this, action = std::move(action)] { action_ = action; });
}

void CommandLine::require_no_leftovers(const CLI::App& command) const {
  for (const std::string& extra : command.remaining()) {
    const bool is_flag = extra.starts_with('-');
    throw InputError(
        is_flag ? "option" : "argument", extra,
        is_flag ? "there is no such option; mien " + command.get_name() + " --help"
                : "expected nothing more",
        is_flag ? nearest_match(extra.substr(0, extra.find('=')), long_names(command)) : "");
  }
}

ExitCode CommandLine::run(int argc, char** argv) {
  arguments_.assign(argv, argv + argc);
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i)
    arguments.push_back(with_home(argv[i]));  // CLI11 wants them so
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app_.get_subcommands();
    print_text(chosen.empty() ? app_.help() : chosen.front()->help("mien"));
    return ExitCode::kDone;
  } catch (const CLI::CallForVersion& version_text) {
    print_text(std::string(version_text.what()) + "\n");
    return ExitCode::kDone;
  } catch (const CLI::ParseError& problem) {
    throw translated(problem);
  }
  const auto chosen = app_.get_subcommands();
  if (!chosen.empty()) require_no_leftovers(*chosen.front());
  for (const std::string& extra : app_.remaining()) {
    throw InputError("command", extra, "expected one of " + join(command_names(app_)),
                     nearest_match(extra, command_names(app_)));
  }
  if (chosen.empty()) {
    throw InputError("command", "(nothing)",
                     "expected one of " + join(command_names(app_)) + "; mien --help");
  }
  action_();
  return ExitCode::kDone;
}

void require_given(const std::string& flag, const std::string& value, const std::string& expected) {
  if (value.empty()) throw InputError(flag, "(nothing)", "expected " + expected);
}

CLI::Option* add_whole_number(CLI::App* command, const std::string& flag, std::int64_t& value,
                              const std::string& description) {
  const auto read = [&value, flag](const std::string& text) { value = whole_number(flag, text); };
  return command->add_option_function<std::string>(flag, read, description)
      ->type_name("INT")
      ->default_str(std::to_string(value));
}

CLI::Option* add_whole_number(CLI::App* command, const std::string& flag,
                              std::optional<std::int64_t>& value, const std::string& description,
                              const std::string& otherwise) {
  const auto read = [&value, flag](const std::string& text) { value = whole_number(flag, text); };
  return command->add_option_function<std::string>(flag, read, description)
      ->type_name("INT")
      ->default_str(otherwise);
}

void give_back(std::vector<std::string>& values, std::string& argument) {
  if (!argument.empty() || values.size() < 2) return;
  argument = values.back();
  values.pop_back();
}

void require_in(const std::string& flag, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    throw InputError(flag, std::to_string(value), concat("expected ", low, " to ", high));
  }
}

std::vector<std::string> names_in(const std::string& file, const std::string& flag) {
  const std::string text = read_text(file, flag);
  std::vector<std::string> names;
  for (const std::string_view line : lines_of(text)) {
    if (!trim(line).empty()) names.emplace_back(trim(line));
  }
  if (names.empty()) throw InputError(flag, file, "holds no name, expected one a line");
  return names;
}

void print_json(const nlohmann::json& result) {
  print_text(json_text(result, 2) + "\n");
}

void print_text(const std::string& text) {
  if (!write_result(text))
    throw InputError("standard output", "(closed or full)", "cannot be written");
}

}  // namespace mien
