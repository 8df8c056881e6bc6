// What the probes of scoring and evaluation share beside cases.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cases.h"
#include "mien/data/labels.h"
#include "mien/scoring/bootstrap.h"
#include "probe.h"

namespace mien::probe {

inline BootstrapOptions bootstrap_options(const nlohmann::json& options) {
  return {options.value("draws", std::int64_t{0}), options.value("seed", std::uint64_t{5})};
}

inline std::vector<VideoLabels> videos_of(const Case& one, const std::string& side, Task task) {
  return rows_by_video(one.integers(side + "_video"), one.integers(side + "_frame"),
                       one.doubles(side), task);
}

}  // namespace mien::probe
