// Small helpers for text that people read.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// The arguments, streamed one after the other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// The items with `separator` between them.
std::string join(const std::vector<std::string>& items, std::string_view separator = ", ");

/// `text` cut at every `separator`; an empty text gives one empty field.
std::vector<std::string_view> split(std::string_view text, char separator);

/// `text` as a field of CSV: quoted where commas, quotes and line ends ask for it (RFC 4180).
std::string csv_field(std::string_view text);

/// `text` without blanks, tabs and carriage returns at its ends.
std::string_view trim(std::string_view text);

/// `text` in ASCII lower case.
std::string lower(std::string_view text);

/// The candidate that `value` most likely meant, or nothing when none is near (edit distance).
std::string nearest_match(std::string_view value, const std::vector<std::string>& candidates);

/// A whole number that fills `text`, within the type's range; false otherwise.
bool parse_integer(std::string_view text, std::int64_t& value);

/// A finite or non-finite number that fills `text` ("1e-3", ".5"); false otherwise.
bool parse_number(std::string_view text, double& value);

/// 1234567 -> "1,234,567".
std::string with_thousands(std::int64_t number);

/// Seconds as "4.2 s", "3 min 05 s" or "2 h 07 min".
std::string duration_text(double seconds);

/// Bytes as "812 B", "3.4 MB", "1.2 GB" (decimal units).
std::string bytes_text(double bytes);

/// `value` with a fixed number of digits after the point.
std::string fixed(double value, int digits);

/// The shortest decimal that reads back as the same double ("0.05", "1e-05").
std::string shortest(double value);

}  // namespace mien
