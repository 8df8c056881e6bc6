// A run's logits for the videos of a bank, computed once and kept beside the run.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/head/head_file.h"
#include "mien/scoring/prior.h"
#include "mien/scoring/scores.h"

namespace mien {

class Head;

using LogitsByTask = std::map<Task, TaskScores>;

enum class BankUse { kAnswers, kMeasuring };

/// The banks that a head needs, in the order of its inputs. Throws InputError when their number,
/// encoders or dimensions are not those it was trained with, and, unless it is for measuring, when
/// their images were corrupted.
std::vector<Bank> open_banks(const std::vector<std::string>& folders, const HeadMetadata& head,
                             BankUse use = BankUse::kAnswers);

/// Logits of every frame that all banks have, for those of `videos` that are in the banks.
/// Evaluation mode; a frame's logits do not depend on what else is computed (to rounding).
LogitsByTask compute_logits(const std::filesystem::path& weights, const HeadMetadata& head,
                            const std::vector<Bank>& banks, const std::vector<std::string>& videos,
                            const std::string& device);

/// The same with the head at hand.
LogitsByTask compute_logits(const Head& head, const std::vector<Bank>& banks,
                            const std::vector<std::string>& videos, const std::string& device);

/// The same through RUN/evaluation/scores-<digest>.safetensors, keyed by weights, banks and videos:
/// read when it is there, else computed and written.
LogitsByTask cached_logits(const std::filesystem::path& run, const std::filesystem::path& weights,
                           const HeadMetadata& head, const std::vector<Bank>& banks,
                           const std::vector<std::string>& videos, const std::string& device);

/// One video's logits; a task has no videos when there are none.
using LogitsOfVideo = std::function<LogitsByTask(const std::string& video)>;

/// The same, for videos that are asked for one after the other: what is in the cache is not held in
/// memory as a whole.
LogitsOfVideo kept_logits(const std::filesystem::path& run, const std::filesystem::path& weights,
                          const HeadMetadata& head, const std::vector<Bank>& banks,
                          const std::vector<std::string>& videos, const std::string& device);

/// What the training labels say before a frame is seen, from the weights' metadata.
Priors priors_of(const HeadMetadata& head);

}  // namespace mien
