// What `mien inspect` tells about a run.
#pragma once

#include <filesystem>
#include <string>

#include "inspect/inspect_facts.h"
#include "mien/training/inputs.h"

namespace mien {

/// The recordings on both sides; a warning when there are any, naming `whose` split it is. The
/// official splits part the two people of some videos, so that it is no fault of the data.
nlohmann::json report_leaks(const LabelSplit& split, const std::string& whose, Inspection& found);

/// Of both sets of weights, the run's split and its decisions; what is wrong goes into `found`.
void inspect_run(const std::filesystem::path& path, bool verify, Inspection& found);

}  // namespace mien
