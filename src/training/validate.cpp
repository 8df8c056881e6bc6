#include "mien/training/validate.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "mien/core/memory.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"
#include "mien/scoring/scores.h"

namespace mien {
namespace {

constexpr std::int64_t kBatch = 4096, kLargeSplit = 16 * kBatch;  ///< rows

/// Into buffers made once: what is allocated anew for every batch, between results that stay,
/// leaves holes that the allocator does not fill, which adds up to as much as the embeddings.
std::vector<at::Tensor> all_logits(const Head& head, const Dataset& data) {
  const auto floats = data.embeddings.options().dtype(at::kFloat);
  const at::Tensor buffer = at::empty({std::min(kBatch, data.size()), data.dim()}, floats);
  std::vector<at::Tensor> all;
  for (const TaskLabels& task : data.tasks) {
    const auto columns = static_cast<std::int64_t>(score_columns(task.task));
    all.push_back(at::empty({data.size(), columns}, floats));
  }
  for (std::int64_t begin = 0; begin < data.size(); begin += kBatch) {
    const std::int64_t count = std::min(kBatch, data.size() - begin);
    const at::Tensor x = buffer.narrow(0, 0, count);
    x.copy_(data.embeddings.narrow(0, begin, count));
    const auto logits = head.forward(x);
    for (std::size_t t = 0; t < logits.size(); ++t) all[t].narrow(0, begin, count).copy_(logits[t]);
  }
  return all;
}

template <class T>
std::vector<T> host_values(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kFloat).contiguous();
  const auto* values = host.const_data_ptr<float>();
  return {values, values + host.numel()};
}

/// Decisions as a submission would hold them: from probabilities.
std::vector<double> decisions(const Task& task, const at::Tensor& logits) {
  const TaskScores scores{task, {{"", {}, host_values<float>(logits)}}};
  return decide(task, probabilities_of(scores).videos.front().values);
}

double macro_f1(const at::Tensor& logits, const TaskLabels& labels) {
  const std::vector<double> decided = decisions(labels.task, logits);
  const at::Tensor truth = labels.labels.to(at::kCPU).contiguous();
  const auto* values = truth.const_data_ptr<std::int64_t>();
  const auto* valid = labels.valid_host.const_data_ptr<bool>();
  Confusion confusion(score_columns(labels.task));
  for (std::size_t i = 0; i < decided.size(); ++i) {
    if (!valid[i]) continue;
    confusion.add(static_cast<std::size_t>(values[i]), static_cast<std::size_t>(decided[i]));
  }
  return confusion.macro_f1();
}

double mean_output_f1(const at::Tensor& logits, const TaskLabels& labels) {
  const std::size_t outputs = score_columns(labels.task);
  OutputCounts counts(outputs);
  for (std::int64_t begin = 0; begin < logits.size(0); begin += kLargeSplit) {
    const std::int64_t count = std::min(kLargeSplit, logits.size(0) - begin);
    const std::vector<double> decided = decisions(labels.task, logits.narrow(0, begin, count));
    const at::Tensor unknown = labels.valid.narrow(0, begin, count).logical_not();
    const auto truth = host_values<double>(
        labels.labels.narrow(0, begin, count).to(at::kFloat).masked_fill_(unknown, kUnknown));
    for (std::size_t row = 0; row + outputs <= decided.size(); row += outputs) {
      counts.add_row(std::span(truth).subspan(row, outputs),
                     std::span(decided).subspan(row, outputs), labels.partly_known);
    }
  }
  return counts.mean_f1(labels.partly_known);
}

double mean_ccc(const at::Tensor& logits, const TaskLabels& labels) {
  const std::vector<double> decided = decisions(labels.task, logits);
  const auto truth = host_values<double>(labels.labels);
  const auto* valid = labels.valid_host.const_data_ptr<bool>();
  const std::size_t outputs = score_columns(labels.task);
  const bool by_row = labels.valid_host.size(1) == 1;
  std::vector<Concordance> moments(outputs);
  for (std::size_t i = 0; i < decided.size(); ++i) {
    if (valid[by_row ? i / outputs : i]) moments[i % outputs].add(truth[i], decided[i]);
  }
  return mean_ccc(moments, labels.partly_known);
}

double metric_of(const at::Tensor& logits, const TaskLabels& labels) {
  switch (labels.task.kind()) {
    case TaskKind::kClasses:
      return macro_f1(logits, labels);
    case TaskKind::kBinary:
      return mean_output_f1(logits, labels);
    case TaskKind::kContinuous:
      break;
  }
  return mean_ccc(logits, labels);
}

ValidationResult measure(const Head& head, const Objective& objective, const Dataset& data) {
  const std::vector<at::Tensor> logits = all_logits(head, data);
  ValidationResult result;
  result.loss = objective.of_split(logits, data.all_targets());
  for (std::size_t t = 0; t < data.tasks.size(); ++t) {
    result.metrics[metric_key(data.tasks[t].task)] = metric_of(logits[t], data.tasks[t]);
  }
  return result;
}

}  // namespace

double ValidationResult::value_of(const std::string& select) const {
  if (select == "loss") return -loss;
  if (select != "f1") return metrics.at(select);
  double sum = 0;
  for (const auto& [key, value] : metrics) sum += value;
  return sum / static_cast<double>(metrics.size());
}

ValidationResult validate(const Head& head, const Objective& objective, const Dataset& data) {
  // A large split needs much at once: not on top of what the steps freed, nor they on top of it.
  const bool large = data.size() > kLargeSplit;
  if (large) give_back_freed_memory();
  const ValidationResult result = measure(head, objective, data);
  if (large) give_back_freed_memory();
  return result;
}

}  // namespace mien
