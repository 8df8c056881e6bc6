// JSON as text, whatever bytes its texts hold.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace mien {

/// `value` with `indent` blanks a level (-1: on one line). Bytes that are no UTF-8 (names from old
/// disks) become U+FFFD, where the library's own dump() throws.
std::string json_text(const nlohmann::json& value, int indent = -1);

/// null for none.
nlohmann::json number_or_null(const std::optional<double>& value);

}  // namespace mien
