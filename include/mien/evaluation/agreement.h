// How far two sets of decisions agree, whoever made them and whatever the labels say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mien/scoring/scores.h"

namespace mien {

/// One class-valued decision, or one output.
struct AgreementPart {
  std::string name;
  double equal =
      0;  ///< share of equal decisions; continuous: of values within .1 (of a range of 2)
  double beyond = 0;  ///< Cohen's kappa, agreement beyond chance; continuous: the CCC of the two
};

struct Agreement {
  std::string with;                              ///< whose decisions the second ones are
  std::int64_t frames = 0, videos = 0;           ///< decided by both
  std::int64_t only_first = 0, only_second = 0;  ///< frames
  double equal = 0, beyond = 0;                  ///< means over the parts
  std::vector<AgreementPart> parts;              ///< one of classes, else one per output
};

/// Throws InputError (naming `with`) when the tasks differ or no frame is decided by both.
Agreement agreement_of(const TaskDecisions& first, const TaskDecisions& second,
                       const std::string& with);

/// The rows of `decisions` whose frames `other` has too; videos without any are left out.
TaskDecisions shared_with(const TaskDecisions& decisions, const TaskDecisions& other);

}  // namespace mien
