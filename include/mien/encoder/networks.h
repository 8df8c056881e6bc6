// Small TorchScript networks that work together, in one archive with a description.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mien {

/// fp32, row-major.
struct FloatArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// The named submodules of a TorchScript archive, each with forward(float tensor) -> tensor or a
/// tuple of tensors, computed in fp32 on the CPU. `mien.json` inside the archive describes them.
class Networks {
 public:
  /// Throws InputError (naming `flag`) when the file is no TorchScript archive, has no mien.json or
  /// lacks one of the networks.
  Networks(const std::filesystem::path& file, const std::string& flag,
           const std::vector<std::string>& names);
  ~Networks();
  Networks(Networks&&) noexcept;

  /// The text of mien.json.
  const std::string& description() const;

  /// What the network makes of `input`, on the calling thread alone, so that several threads may
  /// run networks at a time and the bits do not depend on how many. Throws std::runtime_error when
  /// the network refuses the input.
  std::vector<FloatArray> run(const std::string& name, const FloatArray& input) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
