// A row a frame, as CSV or JSON lines.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

enum class PredictionFormat { kCsv, kJsonLines };

/// "csv" or "jsonl". Throws InputError (naming `what`) for any other name.
PredictionFormat prediction_format_from_name(std::string_view name, const std::string& what);

/// What is said of one task in one frame, or nothing: both empty. Spans live as long as the call
/// that takes them.
struct TaskAnswer {
  Task task;
  std::span<const float> probabilities;  ///< [score_columns]
  std::span<const double> decisions;     ///< [label_columns], as decide() gives them
};

struct PredictionRow {
  std::string_view video;
  std::int32_t frame = 0;
  bool has_face = false;
  std::vector<TaskAnswer> answers;  ///< a task of the writer's each, in any order
  std::optional<double> seconds;    ///< time in the video
  std::string_view reason;          ///< why there is no face; else empty
  std::string_view image = {};      ///< file name of one that is no film's frame; else empty
};

/// Columns `video,frame,face`, then table_columns() of the tasks in their order (of classes the
/// class's name and `p_<class>`..., of binary outputs `<output>`... and `p_<output>`..., of
/// continuous values `<output>`...), then `seconds,reason`. Numbers have the digits that read back
/// as the same float. JSON lines have the same names. What is not there is empty, and null in JSON.
class PredictionWriter {
 public:
  /// Writes the header of a CSV; `with_images`: a column `image` follows `frame`. `out` outlives
  /// the writer.
  PredictionWriter(std::ostream& out, std::vector<Task> tasks, PredictionFormat format,
                   bool with_images = false);

  /// Throws std::logic_error when a task of the writer has no answer.
  void write(const PredictionRow& row);

 private:
  void begin_cell();
  void add_text(std::string_view text);
  template <class Number>
  void add_number(Number value);
  void add_nothing();
  void add_answer(const TaskAnswer& answer);

  std::ostream& out_;
  std::vector<Task> tasks_;           ///< in their order
  std::vector<std::size_t> columns_;  ///< of each
  PredictionFormat format_;
  bool with_images_;
  std::vector<std::string> names_;  ///< of the columns; in JSON lines quoted, with a colon
  std::string line_;
  std::size_t column_ = 0;
};

}  // namespace mien
