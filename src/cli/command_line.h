// The command line as a whole: flags that every command has, help, near misses.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mien/core/error.h"

namespace mien {

/// Flags that every command has.
struct CommonOptions {
  std::string device = "auto";
  std::int64_t threads = 0;
  bool quiet = false, verbose = false, json = false;

  /// Sets verbosity and threads, and gives the device as LibTorch names it ("cpu", "cuda:0").
  std::string apply() const;
};

class CommandLine {
 public:
  CommandLine();

  /// A command with the common flags. `example` ends its help.
  CLI::App* add(const std::string& name, const std::string& description, const std::string& example,
                CommonOptions& common);

  /// What a command does once it is chosen and its flags are read.
  void when_chosen(CLI::App* command, std::function<void()> action);

  /// Parses and runs. Throws InputError for what does not parse.
  ExitCode run(int argc, char** argv);

  /// As typed, for records.
  const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  void require_no_leftovers(const CLI::App& command) const;

  CLI::App app_;
  std::function<void()> action_;
  std::vector<std::string> arguments_;
};

/// Throws InputError "<flag> = (nothing): expected <expected>" for an empty value.
void require_given(const std::string& flag, const std::string& value, const std::string& expected);

/// A flag that takes a whole number; anything else is an InputError that shows it as given.
CLI::Option* add_whole_number(CLI::App* command, const std::string& flag, std::int64_t& value,
                              const std::string& description);
/// The same for one that stays empty until it is given; help says `otherwise` for its default.
CLI::Option* add_whole_number(CLI::App* command, const std::string& flag,
                              std::optional<std::int64_t>& value, const std::string& description,
                              const std::string& otherwise);

/// A flag that takes several values swallows an argument behind it: with `argument` not given, the
/// last of two values and more is that.
void give_back(std::vector<std::string>& values, std::string& argument);

/// Throws InputError unless low <= value <= high.
void require_in(const std::string& flag, std::int64_t value, std::int64_t low, std::int64_t high);

/// The names in a file, one a line; blank lines are none. Throws InputError when it cannot be read.
std::vector<std::string> names_in(const std::string& file, const std::string& flag);

/// The result as one JSON object, alone on standard output.
void print_json(const nlohmann::json& result);

/// Text for people, on standard output.
void print_text(const std::string& text);

}  // namespace mien
