// The one family of exceptions. main() is the only place that catches them; nothing below it exits.
#pragma once

#include <stdexcept>
#include <string>

namespace mien {

/// Exit codes of every command.
enum class ExitCode { kDone = 0, kBug = 1, kBadInput = 2, kInterrupted = 130 };

/// The user's input is wrong: an argument, a configuration key, a file. Exit code 2, one line.
/// what() reads `<what> = <value>: <expected>[; did you mean <suggestion>?]`.
class InputError : public std::runtime_error {
 public:
  InputError(const std::string& what, const std::string& value, const std::string& expected,
             const std::string& suggestion = {});
};

/// Ctrl-C or SIGTERM: what was finished is kept. Exit code 130.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace mien
