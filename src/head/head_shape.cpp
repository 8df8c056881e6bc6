#include "mien/head/head_shape.h"

#include <array>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::array<const char*, 3> kNormalizeNames = {"none", "standardize", "l2"};

}  // namespace

std::string normalize_name(Normalize normalize) {
  return kNormalizeNames.at(static_cast<std::size_t>(normalize));
}

Normalize normalize_from_name(const std::string& name, const std::string& what) {
  for (std::size_t i = 0; i < kNormalizeNames.size(); ++i) {
    if (name == kNormalizeNames[i]) return static_cast<Normalize>(i);
  }
  const std::vector<std::string> names(kNormalizeNames.begin(), kNormalizeNames.end());
  throw InputError(what, name, "expected one of " + join(names), nearest_match(name, names));
}

void declare_fields(Fields& fields, HeadOptions& options) {
  fields.add("head.layers", options.layers, "blocks of the trunk", between(0, 64));
  fields.add("head.width", options.width, "units of a block; 0: the embedding dimension",
             between(0, 65536));
  fields.add("head.dropout", options.dropout, "share of units dropped in training",
             from_below(0, 1));
}

HeadShape HeadShape::from(const HeadOptions& options, std::int64_t input_dim,
                          const std::vector<Task>& tasks) {
  return {input_dim, options.layers, options.width == 0 ? input_dim : options.width,
          options.dropout, tasks};
}

std::int64_t HeadShape::parameter_count() const {
  std::int64_t count = 0, input = input_dim;
  for (std::int64_t i = 0; i < layers; ++i) {
    count += width * (input + 3);
    input = width;
  }
  for (const Task& task : tasks)
    count += static_cast<std::int64_t>(score_columns(task)) * (input + 1);
  return count;
}

}  // namespace mien
