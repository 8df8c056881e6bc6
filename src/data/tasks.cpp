#include "mien/data/tasks.h"

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::array<Task, 3> kTasks = {Task::kExpr, Task::kAu, Task::kVa};

}  // namespace

std::string task_name(Task task) {
  switch (task) {
    case Task::kExpr:
      return "expr";
    case Task::kAu:
      return "au";
    case Task::kVa:
      return "va";
  }
  return {};
}

Task task_from_name(std::string_view name, const std::string& what) {
  std::vector<std::string> names;
  for (const Task task : kTasks) {
    names.push_back(task_name(task));
    if (name == names.back()) return task;
  }
  throw InputError(what, std::string(name), "expected one of " + join(names),
                   nearest_match(name, names));
}

std::size_t label_columns(Task task) {
  return task == Task::kExpr ? 1 : score_columns(task);
}

std::size_t score_columns(Task task) {
  switch (task) {
    case Task::kExpr:
      return kExpressions;
    case Task::kAu:
      return kActionUnits;
    case Task::kVa:
      return 2;
  }
  return 0;
}

}  // namespace mien
