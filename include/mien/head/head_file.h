// Weights on disk with everything needed to predict: a run predicts without its config.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mien/data/annotations.h"
#include "mien/head/head_shape.h"

namespace mien {

class Head;

/// An encoder whose embeddings feed the head, in the order in which they are put side by side.
struct HeadInput {
  std::string encoder_name;
  std::string encoder_sha256;  ///< of the archive, as bank.json has it
  std::int64_t dim = 0;
  std::string dtype, path;  ///< how the bank computed; empty where it does not say

  bool operator==(const HeadInput&) const = default;
};

/// Which videos a run was trained and is validated on.
struct SplitSpec {
  std::string train = "official";
  std::string validation = "official";
  std::int64_t folds = 0;  ///< 0: the official splits
  std::int64_t fold = 0;
  std::string group;  ///< load_labels()'s pattern; empty: none
};

/// What the training labels of each task say before a frame is seen, one number per output: how
/// many labels each class has; the share of ones among an output's known labels; means.
using LabelStatistics = std::map<Task, std::vector<double>>;

/// JSON in the metadata entry `mien` of best.safetensors and last.safetensors.
struct HeadMetadata {
  HeadShape shape;
  std::vector<HeadInput> inputs;
  LabelStatistics statistics;      ///< of the training labels of each task
  std::vector<std::string> banks;  ///< absolute paths, as trained
  Annotations annotations;         ///< absolute paths, as trained
  SplitSpec split;
  std::int64_t epoch = 0;                 ///< 1-based
  std::string weights = "raw";            ///< "raw", or "ema": their moving average
  std::map<std::string, double> metrics;  ///< of these weights: "validation_" + metric_key()
};

/// Atomic; `metadata.shape` is taken from `head`.
void save_head(const std::filesystem::path& file, const Head& head, HeadMetadata metadata);

/// Throws InputError when the file is no head of mien, or is damaged.
HeadMetadata read_head_metadata(const std::filesystem::path& file);

/// The head in fp32 on `device` ("cpu", "cuda:0"), ready to predict.
std::unique_ptr<Head> load_head(const std::filesystem::path& file, const HeadMetadata& metadata,
                                const std::string& device);

/// Reads every tensor. Throws InputError when they do not make the head that the metadata says.
void verify_head(const std::filesystem::path& file, const HeadMetadata& metadata);

/// RUN/best.safetensors or RUN/last.safetensors. Throws InputError when `run` is no run or `which`
/// is neither.
std::filesystem::path weights_of_run(const std::filesystem::path& run, const std::string& which);

}  // namespace mien
