#include "mien/core/error.h"

namespace mien {
namespace {

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return text;
}

std::string message(const std::string& what, const std::string& value, const std::string& expected,
                    const std::string& suggestion) {
  std::string line = what + " = " + value + ": " + expected;
  if (!suggestion.empty()) line += "; did you mean " + suggestion + "?";
  return on_one_line(line);
}

}  // namespace

InputError::InputError(const std::string& what, const std::string& value,
                       const std::string& expected, const std::string& suggestion)
    : std::runtime_error(message(what, value, expected, suggestion)) {}

}  // namespace mien
