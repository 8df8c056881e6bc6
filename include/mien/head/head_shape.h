// What the head looks like, without its weights.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/config/fields.h"
#include "mien/data/tasks.h"

namespace mien {

struct HeadOptions {
  std::int64_t layers = 3;
  std::int64_t width = 0;  ///< 0: the embedding dimension
  double dropout = .6;
};

void declare_fields(Fields& fields, HeadOptions& options);

/// Everything that fixes the tensors' shapes.
struct HeadShape {
  std::int64_t input_dim = 0;
  std::int64_t layers = 3;
  std::int64_t width = 0;  ///< resolved, never 0
  double dropout = .6;
  std::vector<Task> tasks;  ///< order of the outputs

  /// Weights and biases of all layers, without running statistics.
  std::int64_t parameter_count() const;

  static HeadShape from(const HeadOptions& options, std::int64_t input_dim,
                        const std::vector<Task>& tasks);
};

}  // namespace mien
