// The tasks of Aff-Wild2 and the ABAW challenges, built in: names in the order of the official
// files. Only what reads and writes the challenge's own files speaks of them.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

inline constexpr std::array<const char*, 8> kExpressionNames = {
    "Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"};
inline constexpr std::array<const char*, 12> kActionUnitNames = {
    "AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26"};
inline constexpr std::size_t kExpressions = kExpressionNames.size();
inline constexpr std::size_t kActionUnits = kActionUnitNames.size();

const Task& expr_task();  ///< one of 8 expressions
const Task& au_task();    ///< 12 action units
const Task& va_task();    ///< valence and arousal in [-1, 1]

/// All three, in this order.
const std::vector<Task>& challenge_tasks();

bool is_challenge_task(const Task& task);

/// Throws InputError (naming `what`) for anything but the three names; suggests the near miss.
const Task& challenge_task_from_name(std::string_view name, const std::string& what);

/// Spellings from before tasks were data; they go on being read.
inline constexpr const char* kOldPartlyKnownFlag = "--au-invalid";
inline constexpr const char* kOldOutputPool = "per_au";
inline constexpr const char* kOldContinuousKey = "loss.va";

}  // namespace mien
