// What `mien inspect` tells about a bank.
#pragma once

#include <filesystem>
#include <optional>

#include "inspect/inspect_facts.h"
#include "mien/bank/verify.h"

namespace mien {

/// `expected`: what `--images` says, to hold the bank against in place of its own sources. Throws
/// InputError when the folder is no bank; what is wrong with its files goes into `found`.
void inspect_bank(const std::filesystem::path& path, const InspectOptions& options,
                  std::optional<BankExpectation> expected, Inspection& found);

}  // namespace mien
