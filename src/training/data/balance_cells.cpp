#include "mien/training/batches.h"
#include "mien/training/dataset.h"

namespace mien {
namespace {

using Cells = std::vector<std::vector<std::int64_t>>;

void add_classes(const TaskLabels& task, Cells& cells) {
  const at::Tensor labels = task.labels.to(at::kCPU).contiguous();
  const auto* values = labels.const_data_ptr<std::int64_t>();
  const auto* known = task.valid_host.const_data_ptr<bool>();
  const std::size_t first = cells.size();
  cells.resize(first + score_columns(task.task));
  for (std::int64_t row = 0; row < labels.size(0); ++row) {
    if (known[row]) cells[first + static_cast<std::size_t>(values[row])].push_back(row);
  }
}

void add_outputs(const TaskLabels& task, Cells& cells) {
  const at::Tensor labels = task.labels.to(at::kCPU).contiguous();
  const auto* values = labels.const_data_ptr<std::uint8_t>();
  const auto* known = task.valid_host.const_data_ptr<bool>();
  const std::size_t outputs = score_columns(task.task), first = cells.size();
  cells.resize(first + outputs + 1);
  for (std::int64_t row = 0; row < labels.size(0); ++row) {
    bool any_known = false, any_positive = false;
    for (std::size_t k = 0; k < outputs; ++k) {
      const std::size_t at = static_cast<std::size_t>(row) * outputs + k;
      any_known = any_known || known[at];
      if (!known[at] || values[at] == 0) continue;
      any_positive = true;
      cells[first + k].push_back(row);
    }
    if (any_known && !any_positive) cells[first + outputs].push_back(row);
  }
}

}  // namespace

std::vector<std::vector<std::int64_t>> balance_cells(const Dataset& data) {
  Cells cells;
  for (const TaskLabels& task : data.tasks) {
    if (task.task.is_classes()) add_classes(task, cells);
    if (task.task.is_binary()) add_outputs(task, cells);
  }
  return cells;
}

}  // namespace mien
