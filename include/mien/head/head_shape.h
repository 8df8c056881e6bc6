// What the head looks like, without its weights.
#pragma once

#include <cstdint>
#include <string>
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

/// What is done to an embedding before the first layer.
///   none: nothing. standardize: (x - mean) / std of each dimension over the training rows, the two
///   kept with the weights. l2: each bank's part of x divided by its Euclidean norm; zeros stay.
enum class Normalize { kNone, kStandardize, kL2 };

std::string normalize_name(Normalize normalize);  ///< "none", "standardize", "l2"
/// Throws InputError that names `what` for any other text.
Normalize normalize_from_name(const std::string& name, const std::string& what);

/// Everything that fixes which tensors there are, and their shapes.
struct HeadShape {
  std::int64_t input_dim = 0;
  std::int64_t layers = 3;
  std::int64_t width = 0;  ///< resolved, never 0
  double dropout = .6;
  std::vector<Task> tasks;  ///< order of the outputs
  Normalize normalize = Normalize::kNone;
  std::vector<std::int64_t> parts = {};  ///< dimensions of the banks side by side; empty: one bank

  /// Weights and biases of all layers, without running statistics.
  std::int64_t parameter_count() const;

  static HeadShape from(const HeadOptions& options, std::int64_t input_dim,
                        const std::vector<Task>& tasks);
};

}  // namespace mien
