// mien_probe: calls one function of the library on tensors that a Python oracle wrote, so that
// tests/python can compare on thousands of random cases. Input and output are safetensors files;
// options travel as JSON in the input's metadata `options`.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mien/core/safetensors.h"

namespace mien::probe {

/// What a probe gives back; owns its arrays.
class Output {
 public:
  template <class T>
  void add(const std::string& name, DType dtype, std::vector<std::int64_t> shape,
           const std::vector<T>& values) {
    auto& bytes = storage_[name];
    const auto view = std::as_bytes(std::span(values));
    bytes.assign(view.begin(), view.end());
    tensors_[name] = {dtype, std::move(shape), bytes};
  }
  const TensorMap& tensors() const { return tensors_; }
  Metadata metadata;  ///< e.g. `error` for a refused input

 private:
  std::map<std::string, std::vector<std::byte>> storage_;
  TensorMap tensors_;
};

using Function = void (*)(const SafetensorsFile& input, const nlohmann::json& options,
                          Output& output);

/// One a probe_<module>.cpp; probe_main.cpp lists them.
std::map<std::string, Function> data_probes();
std::map<std::string, Function> evaluation_probes();
std::map<std::string, Function> faces_probes();
std::map<std::string, Function> scoring_probes();
std::map<std::string, Function> tuning_probes();
std::map<std::string, Function> training_probes();
std::map<std::string, Function> flatness_probes();

}  // namespace mien::probe
