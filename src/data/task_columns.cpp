#include <set>

#include "mien/data/challenge.h"
#include "mien/data/tasks.h"

namespace mien {
namespace {

using Names = std::set<std::string>;

TaskColumns columns_of(const Task& task, const std::string& prefix, const Names& taken) {
  TaskColumns columns;
  if (task.is_classes()) {
    const std::string name = class_column(task);
    columns.decisions.push_back(taken.contains(name) ? prefix + name : name);
  }
  for (const std::string& output : task.outputs()) {
    if (task.is_binary()) columns.decisions.push_back(prefix + output);
    columns.probabilities.push_back((task.is_continuous() ? "" : "p_") + prefix + output);
  }
  return columns;
}

/// Adds the columns to those that are taken; false, and nothing is added, when a name is there
/// already or stands twice among them.
bool take(const TaskColumns& columns, Names& taken) {
  Names with = taken;
  with.insert(columns.decisions.begin(), columns.decisions.end());
  with.insert(columns.probabilities.begin(), columns.probabilities.end());
  const std::size_t added = columns.decisions.size() + columns.probabilities.size();
  if (with.size() < taken.size() + added) return false;
  taken = std::move(with);
  return true;
}

}  // namespace

std::string class_column(const Task& task) {
  return is_challenge_task(task) ? "expression" : task.name();
}

std::vector<TaskColumns> table_columns(const std::vector<Task>& tasks) {
  std::set<std::string> taken = {"video", "frame", "face", "person", "seconds", "reason", "image"};
  std::vector<TaskColumns> all;
  for (const Task& task : tasks) {
    TaskColumns columns = columns_of(task, "", taken);
    for (int tries = 1; !take(columns, taken); ++tries) {
      const std::string number = tries == 1 ? "" : std::to_string(tries);
      columns = columns_of(task, task.name() + number + "_", taken);
    }
    all.push_back(std::move(columns));
  }
  return all;
}

}  // namespace mien
