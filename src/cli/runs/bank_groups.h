// Which of the banks given to evaluate are the run's inputs, and which are corrupted ones.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mien/data/corruption.h"

namespace mien {

/// The banks of one corruption, one an input of the run, in the order of training.
struct CorruptedBanks {
  Corruption corruption;
  std::vector<std::string> folders;
};

struct BankGroups {
  std::vector<std::string> clean;         ///< as given; may be empty
  std::vector<CorruptedBanks> corrupted;  ///< in the order in which they were first named
};

/// What a bank is, its bank.json says. Throws InputError unless each corruption has `inputs` banks;
/// 0: any number (a blend takes those whose encoders match).
BankGroups group_banks(const std::vector<std::string>& folders, std::size_t inputs);

}  // namespace mien
