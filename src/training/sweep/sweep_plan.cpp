#include <algorithm>
#include <set>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/training/sweep.h"

namespace mien {
namespace {

constexpr std::size_t kLongestName = 200;  // of 255 that file systems allow

/// The last `count` parts of a dotted key.
std::string tail_of(const std::string& key, std::size_t count) {
  const auto parts = split(key, '.');
  std::vector<std::string> kept;
  for (std::size_t i = parts.size() - std::min(count, parts.size()); i < parts.size(); ++i) {
    kept.emplace_back(parts[i]);
  }
  return join(kept, ".");
}

/// As few parts of each key as tell it from the others.
std::vector<std::string> labels_of(const std::vector<GridAxis>& axes) {
  std::vector<std::string> labels;
  for (const GridAxis& axis : axes) {
    std::size_t parts = 1;
    const auto is_another = [&](const GridAxis& other) {
      return other.key != axis.key && tail_of(other.key, parts) == tail_of(axis.key, parts);
    };
    while (std::ranges::any_of(axes, is_another)) ++parts;
    labels.push_back(tail_of(axis.key, parts));
  }
  return labels;
}

/// What a file name can hold of a value: of a path its last part.
std::string readable(const std::string& value) {
  std::string text = value;
  if (const auto slash = text.find_last_not_of("/\"]"); slash != std::string::npos) {
    text.resize(slash + 1);
    if (text.find('/') != std::string::npos) text = text.substr(text.rfind('/') + 1);
  }
  std::string out;
  for (const char c : text) {
    const bool keep = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' ||
                      c == '+' || c == '_';
    if (keep) out += c;
    if (c == ',') out += '+';
  }
  return out.empty() ? "none" : out;
}

/// Of each value of an axis, all different.
std::vector<std::string> readable_values(const GridAxis& axis) {
  std::vector<std::string> texts;
  for (const std::string& value : axis.values) texts.push_back(readable(value));
  if (std::set<std::string>(texts.begin(), texts.end()).size() == texts.size()) return texts;
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = concat(i + 1, "-", texts[i]);
  return texts;
}

/// For every combination the index into each axis, the last axis fastest.
std::vector<std::vector<std::size_t>> product(const std::vector<GridAxis>& axes) {
  std::vector<std::vector<std::size_t>> all = {{}};
  for (const GridAxis& axis : axes) {
    std::vector<std::vector<std::size_t>> longer;
    for (const auto& prefix : all) {
      for (std::size_t i = 0; i < axis.values.size(); ++i) {
        longer.push_back(prefix);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  return all;
}

void require_sweepable(const std::vector<GridAxis>& axes, const std::vector<std::string>& overrides,
                       const std::filesystem::path& grid) {
  constexpr double kMostRuns = 10000;
  double runs = 1;
  for (const GridAxis& axis : axes) {
    runs *= static_cast<double>(axis.values.size());
    if (axis.key == "select") {
      throw InputError(grid.string() + ": select", join(axis.values),
                       "cannot be swept: the runs are compared by it");
    }
    for (const std::string& override : overrides) {
      if (!override.starts_with(axis.key + "=")) continue;
      throw InputError("argument", override, "is swept by " + grid.string() + ", expected once");
    }
  }
  if (runs > kMostRuns) {
    throw InputError("grid", grid.string(),
                     concat("has ", runs, " combinations, expected at most ", kMostRuns));
  }
}

}  // namespace

SweepPlan plan_sweep(const std::filesystem::path& config, const std::vector<std::string>& overrides,
                     const std::filesystem::path& grid) {
  const auto configured = [&] {
    auto made = std::make_unique<Configuration>();
    made->fields.read_yaml(config);
    for (const std::string& override : overrides) made->fields.read_override(override);
    return made;
  };
  require_exists(config, "CONFIG", "a YAML file such as configs/joint.yaml");
  require_exists(grid, "GRID", "a YAML file of keys and lists of values");
  SweepPlan plan;
  plan.axes = configured()->fields.read_grid(grid);
  require_sweepable(plan.axes, overrides, grid);
  plan.labels = labels_of(plan.axes);
  std::vector<std::vector<std::string>> texts;
  for (const GridAxis& axis : plan.axes) texts.push_back(readable_values(axis));
  for (const auto& indices : product(plan.axes)) {
    SweepRun run{.name = {}, .values = {}, .configuration = configured()};
    std::vector<std::string> name;
    for (std::size_t a = 0; a < plan.axes.size(); ++a) {
      run.values.push_back(plan.axes[a].values[indices[a]]);
      run.configuration->fields.assign(plan.axes[a].key, run.values.back());
      name.push_back(plan.labels[a] + "=" + texts[a][indices[a]]);
    }
    run.name = join(name, ",");
    if (run.name.size() > kLongestName) run.name = concat("run=", plan.runs.size() + 1);
    try {
      check(run.configuration->options);
    } catch (const InputError& problem) {
      throw InputError("grid", grid.string(), "has the run " + run.name + ": " + problem.what());
    }
    plan.runs.push_back(std::move(run));
  }
  return plan;
}

}  // namespace mien
