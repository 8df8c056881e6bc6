// One run's logits of embeddings as they come, without a bank.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mien/head/head_file.h"

namespace mien {

class RowScorer {
 public:
  /// Loads the head on `device`.
  RowScorer(const std::filesystem::path& weights, const HeadMetadata& head,
            const std::string& device);
  ~RowScorer();

  /// `embeddings` [n, input_dim] as a bank keeps them (half precision's bits) -> logits
  /// [n, score_columns] a task.
  std::map<Task, std::vector<float>> logits(std::span<const std::uint16_t> embeddings) const;

 private:
  std::unique_ptr<Head> head_;
  std::string device_;
};

}  // namespace mien
