// How fast this machine computes an encoder, by path, dtype and batch size.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mien/encoder/encoder.h"

namespace mien {

struct PathRate {
  std::string path;   ///< Encoder::path_name()
  std::string dtype;  ///< "fp32", "bf16", "fp16"
  std::int64_t batch_size = 0;
  double images_per_second = 0;  ///< of the network alone
  double difference = 0;         ///< largest relative difference from the plain module in fp32
  std::string problem;           ///< why it is not used; empty: it agrees
};

/// What a new bank gets on the device.
std::int64_t default_batch_size(const std::string& device);

struct EncoderBenchmark {
  EncoderInfo info;
  std::vector<PathRate> rates;
  bool has_choice = false;  ///< false: no path is a function of its image and agrees
  PathRate chosen;   ///< the fastest of the dtype that is asked for, at the default batch size
  PathRate fastest;  ///< the same at any batch size
};

/// Every path in every dtype of `request` ("auto": all of the device's) at every batch size, about
/// `seconds` each; `on_rate` is told as they come. Throws InputError as load_encoder() does.
EncoderBenchmark benchmark_encoder(const std::filesystem::path& file,
                                   const EncoderOverrides& overrides, const EncoderRequest& request,
                                   const std::vector<std::int64_t>& batch_sizes, double seconds,
                                   const std::function<void(const PathRate&)>& on_rate);

}  // namespace mien
