// What is predicted: a task has a name, a kind and named outputs.
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

enum class TaskKind {
  kClasses,     ///< one of C classes; cross-entropy, macro F1 over all C
  kBinary,      ///< K yes/no outputs, each known or not; binary cross-entropy, mean F1
  kContinuous,  ///< K values in a range; concordance (CCC) or squared error, mean CCC
};

std::string kind_name(TaskKind kind);  ///< "classes", "binary", "continuous"

/// The legal values of a continuous task's outputs.
struct ValueRange {
  double low = -1, high = 1;

  bool operator==(const ValueRange&) const = default;
};

/// An immutable value, cheap to copy. Two tasks are equal when everything about them is. The tasks
/// of the challenge (challenge.h) come first in the order, the others by name.
class Task {
 public:
  /// No task: no name and no outputs.
  Task();
  /// Throws InputError (naming `what`) for a name or an output that cannot be one (empty, given
  /// twice, with a comma, quote, slash or control character), for too few or too many outputs, and
  /// for an empty range.
  Task(std::string name, TaskKind kind, std::vector<std::string> outputs, ValueRange range = {},
       const std::string& what = "tasks");

  const std::string& name() const;
  TaskKind kind() const;
  const std::vector<std::string>& outputs() const;  ///< classes, or names of the values
  const ValueRange& range() const;                  ///< of a continuous task

  bool is_classes() const { return kind() == TaskKind::kClasses; }
  bool is_binary() const { return kind() == TaskKind::kBinary; }
  bool is_continuous() const { return kind() == TaskKind::kContinuous; }

  /// For people: the name; that of a challenge's task in capitals.
  std::string title() const;

  friend bool operator==(const Task& a, const Task& b);
  friend std::strong_ordering operator<=>(const Task& a, const Task& b);

 private:
  struct Spec;
  std::shared_ptr<const Spec> spec_;
};

std::string task_name(const Task& task);

/// Columns of a task's labels: 1 (the class's index), else one per output.
std::size_t label_columns(const Task& task);

/// Columns of a task's scores: one per output.
std::size_t score_columns(const Task& task);

/// "<name>_f1", or "<name>_ccc" for continuous values: the number that a task is judged by.
std::string metric_key(const Task& task);
/// The same for people: "EXPR F1".
std::string metric_title(const Task& task);
std::string metric_name(const Task& task);  ///< "f1" or "ccc"

/// "<name>_counts" (labels per class), "<name>_shares" (of ones per output), "<name>_means": what
/// the training labels say before a frame is seen.
std::string statistics_key(const Task& task);

/// The key that holds the scores of single outputs in JSON; empty: they stand beside the mean.
std::string outputs_key(const Task& task);

/// The column of a table that holds a class's name.
std::string class_column(const Task& task);

/// Names of a table's columns for each task, none twice: probabilities (or values) per output.
struct TaskColumns {
  std::vector<std::string> decisions;      ///< the class's name, or 0/1 per output; none otherwise
  std::vector<std::string> probabilities;  ///< per output; a continuous task's values
};
std::vector<TaskColumns> table_columns(const std::vector<Task>& tasks);

/// A name of the challenge's tasks as text, or an object {name, kind, labels[, range]}. Values may
/// be texts or numbers. Throws InputError (naming `what`), with the near miss.
Task task_from_json(const nlohmann::json& value, const std::string& what);
nlohmann::json to_json(const Task& task);

/// One or several of them, none with the name of another.
std::vector<Task> tasks_from_json(const nlohmann::json& value, const std::string& what);
nlohmann::json to_json(const std::vector<Task>& tasks);

/// The task of this name among `tasks`. Throws InputError (naming `what`), with the near miss.
const Task& task_named(std::string_view name, const std::vector<Task>& tasks,
                       const std::string& what);

std::vector<std::string> names_of(const std::vector<Task>& tasks);

/// Those that reports have a place for: the challenge's three when all of `tasks` are among them,
/// else `tasks` themselves.
std::vector<Task> reported_tasks(const std::vector<Task>& tasks);

}  // namespace mien
