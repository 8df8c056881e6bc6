// Private to the bank: where its facts are and how they are read.
#pragma once

#include <filesystem>

#include "mien/bank/bank.h"

namespace mien {

inline constexpr const char* kBankFile = "bank.json";
inline constexpr const char* kVideoSuffix = ".safetensors";

/// Writes bank.json unless another process has by now: read it again afterwards.
void create_bank_info(const std::filesystem::path& folder, const BankInfo& info);

/// Throws InputError that names the file and the key.
BankInfo read_bank_info(const std::filesystem::path& folder);

}  // namespace mien
