#include "runs/bank_groups.h"

#include <algorithm>

#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {

BankGroups group_banks(const std::vector<std::string>& folders, std::size_t inputs) {
  BankGroups groups;
  for (const std::string& folder : folders) {
    const std::optional<Corruption> corruption = Bank(folder).info().corruption;
    if (!corruption) {
      groups.clean.push_back(folder);
      continue;
    }
    auto group = std::ranges::find(groups.corrupted, *corruption, &CorruptedBanks::corruption);
    if (group == groups.corrupted.end()) {
      group = groups.corrupted.insert(group, CorruptedBanks{*corruption, {}});
    }
    group->folders.push_back(folder);
  }
  for (const CorruptedBanks& group : groups.corrupted) {
    if (inputs == 0 || group.folders.size() == inputs) continue;
    throw InputError("--bank",
                     concat(group.folders.size(), " banks of ", corruption_text(group.corruption)),
                     concat("expected ", inputs,
                            ", one an input of the run, in the order of "
                            "training"));
  }
  return groups;
}

}  // namespace mien
