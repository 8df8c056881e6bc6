#include "mien/scoring/row_scorer.h"

#include <ATen/ops/from_blob.h>

#include "mien/head/head.h"

namespace mien {

RowScorer::RowScorer(const std::filesystem::path& weights, const HeadMetadata& head,
                     const std::string& device)
    : head_(load_head(weights, head, device)), device_(device) {}

RowScorer::~RowScorer() = default;

std::map<Task, std::vector<float>> RowScorer::logits(
    std::span<const std::uint16_t> embeddings) const {
  const std::int64_t dim = head_->shape().input_dim;
  const at::Tensor rows =
      at::from_blob(const_cast<std::uint16_t*>(embeddings.data()),
                    {static_cast<std::int64_t>(embeddings.size()) / dim, dim}, at::kHalf);
  const auto of_tasks = head_->forward(rows.to(at::Device(device_), at::kFloat));
  std::map<Task, std::vector<float>> out;
  for (std::size_t t = 0; t < of_tasks.size(); ++t) {
    const at::Tensor host = of_tasks[t].to(at::kCPU).contiguous();
    const auto* values = host.const_data_ptr<float>();
    out[head_->shape().tasks[t]].assign(values, values + host.numel());
  }
  return out;
}

}  // namespace mien
