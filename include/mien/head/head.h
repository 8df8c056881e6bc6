// The trainable part: an MLP trunk shared by one linear head a task.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mien/core/safetensors.h"
#include "mien/head/head_shape.h"

namespace mien {

/// Where the masks of one forward pass come from: the same key gives the same masks on every
/// machine of a kind, and nothing has to be saved to resume.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint64_t pass = 0;  ///< 0: at the weights, 1: at the perturbed weights
  at::Tensor bits = {};    ///< int64 scalar that holds mixed() of this key by the time it is read,
                           ///< for steps that are recorded and played again; else undefined

  /// All that the masks take from a key.
  std::uint64_t mixed() const;
};

/// Precision of the matrix products; parameters stay as they are.
enum class Precision { kFull, kBf16 };

/// The trainable tensors as views of one flat buffer.
struct HeadLayers {
  struct Block {
    at::Tensor weight, bias;            ///< [W, input], [W]
    at::Tensor norm_weight, norm_bias;  ///< [W]
  };
  struct Output {
    at::Tensor weight, bias;  ///< [score_columns, W], [score_columns]
  };
  std::vector<Block> trunk;
  std::vector<Output> heads;  ///< in the order of the shape's tasks

  /// `flat` [shape.parameter_count()].
  HeadLayers(const HeadShape& shape, const at::Tensor& flat);
};

/// What a file without `input.mean` and `input.std` means to a head that has them.
enum class WithoutInputs { kRefuse, kKeepOwn };

/// Trunk of `layers` x (Linear - BatchNorm1d - ReLU - Dropout), then heads. All parameters lie in
/// one flat buffer, as do the running statistics; the layers are views.
class Head {
 public:
  /// Zero weights; initialise() or load() gives them values. `dtype` kFloat or kDouble.
  Head(HeadShape shape, at::ScalarType dtype, at::Device device);

  const HeadShape& shape() const { return shape_; }

  /// Kaiming uniform (fan in, ReLU gain) on all weights, PyTorch's defaults for biases
  /// (uniform in +-1/sqrt(fan in)), BatchNorm at one and zero.
  void initialise(std::uint64_t seed);

  /// Evaluation mode: running statistics, no dropout, no gradient. Embeddings `x` [B, input_dim] as
  /// the bank has them, in the head's dtype -> one [B, score_columns] tensor of logits a task.
  std::vector<at::Tensor> forward(const at::Tensor& x) const;

  /// What the first layer gets of the embeddings [B, input_dim]: HeadShape::normalize. The very
  /// same tensor for none.
  at::Tensor normalized(const at::Tensor& x) const;

  at::Tensor& parameters() { return parameters_; }  ///< [P] flat
  /// Flat: running means and variances, then the inputs' means and deviations, where there are.
  at::Tensor& statistics() { return statistics_; }
  const at::Tensor& parameters() const { return parameters_; }
  const at::Tensor& statistics() const { return statistics_; }
  std::int64_t parameter_count() const { return parameters_.numel(); }

  struct Statistics {
    at::Tensor mean, var;  ///< [W]
  };
  /// Undefined unless the shape says standardize.
  struct InputStatistics {
    at::Tensor mean, std;  ///< [input_dim]; std is never 0
  };
  const HeadLayers& layers() const { return layers_; }                ///< views of parameters()
  std::vector<Statistics>& block_statistics() { return blocks_; }     ///< views of statistics()
  const InputStatistics& input_statistics() const { return input_; }  ///< views of statistics()
  const std::vector<Statistics>& block_statistics() const { return blocks_; }

  struct Named {
    std::string name;
    at::Tensor tensor;
  };
  /// Every parameter and statistic, as `trunk.<i>.linear.weight`, `heads.<task>.bias`,
  /// `input.mean` ...
  std::vector<Named> named_tensors() const;

  /// The same as F32 views of CPU tensors kept in `keep`.
  TensorMap tensors(std::vector<at::Tensor>& keep) const;

  /// Takes every tensor by name. Throws InputError that names the file and the first tensor that
  /// is missing, unknown, or of another shape or dtype (F32; F64 for a head in double).
  void load(const SafetensorsFile& file, WithoutInputs without_inputs = WithoutInputs::kRefuse);

 private:
  HeadShape shape_;
  at::Tensor parameters_, statistics_;
  HeadLayers layers_;
  std::vector<Statistics> blocks_;
  InputStatistics input_;
};

}  // namespace mien
