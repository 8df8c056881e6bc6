// The tasks of Aff-Wild2 and the names of what they predict, in the order of the official files.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

enum class Task { kExpr, kAu, kVa };

inline constexpr std::array<const char*, 8> kExpressionNames = {
    "Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"};
inline constexpr std::array<const char*, 12> kActionUnitNames = {
    "AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26"};
inline constexpr std::size_t kExpressions = kExpressionNames.size();
inline constexpr std::size_t kActionUnits = kActionUnitNames.size();

/// "expr", "au", "va".
std::string task_name(Task task);

/// Throws InputError (naming `what`) for anything but the three names; suggests the near miss.
Task task_from_name(std::string_view name, const std::string& what);

/// Columns of a task's labels: 1 (class index), 12 (0 or 1 each), 2 (valence, arousal).
std::size_t label_columns(Task task);

/// Columns of a task's scores: 8, 12, 2.
std::size_t score_columns(Task task);

}  // namespace mien
