#include "mien/data/challenge.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {

const Task& expr_task() {
  static const Task kTask("expr", TaskKind::kClasses,
                          {kExpressionNames.begin(), kExpressionNames.end()});
  return kTask;
}

const Task& au_task() {
  static const Task kTask("au", TaskKind::kBinary,
                          {kActionUnitNames.begin(), kActionUnitNames.end()});
  return kTask;
}

const Task& va_task() {
  static const Task kTask("va", TaskKind::kContinuous, {"valence", "arousal"});
  return kTask;
}

const std::vector<Task>& challenge_tasks() {
  static const std::vector<Task> kTasks = {expr_task(), au_task(), va_task()};
  return kTasks;
}

bool is_challenge_task(const Task& task) {
  return std::ranges::find(challenge_tasks(), task) != challenge_tasks().end();
}

const Task& challenge_task_from_name(std::string_view name, const std::string& what) {
  const std::vector<std::string> names = names_of(challenge_tasks());
  for (const Task& task : challenge_tasks()) {
    if (task.name() == name) return task;
  }
  throw InputError(what, std::string(name),
                   concat("expected one of ", join(names),
                          ", or a task declared in place, {name: ..., kind: classes|binary|"
                          "continuous, labels: [...]} (mien inspect LABELS.csv prints it)"),
                   nearest_match(name, names));
}

}  // namespace mien
