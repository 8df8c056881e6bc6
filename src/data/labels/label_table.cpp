#include "labels/label_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "frame_numbers.h"
#include "labels/label_columns.h"
#include "mien/core/csv_reader.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using Column = std::optional<std::size_t>;

/// Texts by number, each kept once.
class Names {
 public:
  std::int32_t number(std::string_view text) {
    const auto [found, added] =
        numbers_.try_emplace(std::string(text), static_cast<std::int32_t>(list_.size()));
    if (added) list_.push_back(found->first);
    return found->second;
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::unordered_map<std::string, std::int32_t> numbers_;
  std::vector<std::string> list_;
};

/// Where a row stands, and what is said of it beside labels.
struct Row {
  std::int32_t video = 0;
  std::int32_t frame = 0;
  std::string image;  ///< file name; empty for frames
  std::int32_t group = -1;
  double weight = 1;
  std::int64_t line = 0;
};

/// The columns that name rows.
struct RowColumns {
  Column image, video, frame, split, group, weight;
};

Column column_of(const CsvReader& table, const char* name) {
  const auto found = std::ranges::find_if(
      table.columns(), [&](const std::string& column) { return lower(column) == name; });
  return found == table.columns().end()
             ? Column()
             : Column(static_cast<std::size_t>(found - table.columns().begin()));
}

RowColumns row_columns(const CsvReader& table, const std::string& path) {
  RowColumns columns{column_of(table, kImageColumn), column_of(table, kVideoColumn),
                     column_of(table, kFrameColumn), column_of(table, kSplitColumn),
                     column_of(table, kGroupColumn), column_of(table, kWeightColumn)};
  if (columns.image || (columns.video && columns.frame)) return columns;
  const std::vector<std::string> names = {kImageColumn, kVideoColumn, kFrameColumn};
  std::string meant;
  for (const std::string& column : table.columns()) {
    if (meant.empty() && column != kVideoColumn && column != kFrameColumn) {
      meant = nearest_match(lower(column), names);
    }
  }
  throw InputError(path + ":1", join(table.columns(), ",").substr(0, 120),
                   "expected a header with the column image, or video and frame", meant);
}

/// "a/b/c.jpg" is the image c.jpg of the folder b.
void read_image(const CsvReader& table, std::size_t column, Names& videos, Row& row) {
  std::string path(table.field(column));
  std::ranges::replace(path, '\\', '/');
  while (path.starts_with("./")) path.erase(0, 2);
  const std::size_t slash = path.rfind('/');
  row.image = slash == std::string::npos ? path : path.substr(slash + 1);
  if (row.image.empty()) table.fail(column, "expected the path of an image");
  std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  folder = folder.substr(folder.rfind('/') + 1);
  row.video = videos.number(folder);
}

void read_frame(const CsvReader& table, const RowColumns& columns, Names& videos, Row& row) {
  if (table.field(*columns.video).empty()) table.fail(*columns.video, "expected a video's name");
  row.video = videos.number(table.field(*columns.video));
  double frame = 0;
  if (!parse_number(table.field(*columns.frame), frame) || frame != std::floor(frame) ||
      frame < 0 || frame > static_cast<double>(kLastFrame)) {
    table.fail(*columns.frame, concat("expected a whole number from 0 to ", kLastFrame));
  }
  row.frame = static_cast<std::int32_t>(frame);
}

Split split_in(const CsvReader& table, std::size_t column) {
  const std::string word = lower(table.field(column));
  if (word == "train" || word == "training") return Split::kTrain;
  if (word == "validation" || word == "val" || word == "valid" || word == "dev") {
    return Split::kValidation;
  }
  if (word == "test") return Split::kTest;
  table.fail(column, "expected train, validation or test",
             nearest_match(word, {"train", "validation", "test"}));
}

double weight_in(const CsvReader& table, std::size_t column) {
  double weight = 1;
  if (table.field(column).empty()) return 1;
  if (!parse_number(table.field(column), weight) || !(weight >= 0 && weight <= 1e9)) {
    table.fail(column, "expected a weight of at least 0");
  }
  return weight;
}

/// All rows of a split with the values of all tasks side by side.
struct Rows {
  Names videos, groups;
  std::vector<Row> rows;
  std::vector<double> values;  ///< [rows, width]
  std::size_t width = 0;
  bool by_name = false, has_groups = false, has_weights = false;

  std::span<const double> of(std::size_t row) const {
    return std::span(values).subspan(row * width, width);
  }
};

/// A task with its columns and the place of its values in a row.
struct TaskPart {
  std::size_t task = 0;
  LabelColumns columns;
  std::size_t first = 0, count = 0;
};

Rows read_rows(CsvReader& table, const RowColumns& columns, const std::vector<TaskPart>& parts,
               Split split) {
  Rows all;
  for (const TaskPart& part : parts) all.width += part.count;
  all.by_name = columns.image.has_value();
  all.has_groups = columns.group.has_value();
  all.has_weights = columns.weight.has_value();
  std::vector<double> values(all.width);
  while (table.next()) {
    Row row{.line = table.line()};
    if (all.by_name) {
      read_image(table, *columns.image, all.videos, row);
    } else {
      read_frame(table, columns, all.videos, row);
    }
    const Split of_row = columns.split ? split_in(table, *columns.split) : Split::kTrain;
    if (columns.weight) row.weight = weight_in(table, *columns.weight);
    if (columns.group && !table.field(*columns.group).empty()) {
      row.group = all.groups.number(table.field(*columns.group));
    }
    bool known = false;
    for (const TaskPart& part : parts) {
      known |= part.columns.read(table, std::span(values).subspan(part.first, part.count));
    }
    if (of_row != split || !known) continue;
    all.rows.push_back(std::move(row));
    all.values.insert(all.values.end(), values.begin(), values.end());
  }
  return all;
}

/// The order of the rows by video and frame or name, each once.
std::vector<std::size_t> unique_order(const Rows& all, const std::string& path) {
  std::vector<std::size_t> order(all.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& names = all.videos.list();
  const auto key = [&](std::size_t i) {
    const Row& row = all.rows[i];
    return std::tie(names[static_cast<std::size_t>(row.video)], row.frame, row.image);
  };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    if (kept.empty() || key(kept.back()) != key(i)) {
      kept.push_back(i);
    } else if (!same_values(all.of(kept.back()), all.of(i))) {
      const Row& row = all.rows[i];
      throw InputError(
          concat(path, ":", row.line),
          concat(names[static_cast<std::size_t>(row.video)], "/",
                 row.image.empty() ? std::to_string(row.frame) : row.image),
          concat("contradicts line ", all.rows[kept.back()].line, " about the same image"));
    }
  }
  return kept;
}

/// Images whose names share a beginning before their numbers are the frames of films: each video's
/// rows then are one group unless the table says otherwise.
bool are_films(const Rows& all) {
  std::unordered_map<std::int32_t, std::vector<std::string>> names;
  for (const Row& row : all.rows) names[row.video].push_back(row.image);
  std::size_t of_films = 0;
  for (const auto& [video, images] : names) {
    const bool numbered =
        2 * std::ranges::count_if(
                images, [](const std::string& name) { return number_in_name(name).has_value(); }) >=
        std::ssize(images);
    if (numbered && !look_like_photos(images)) of_films += images.size();
  }
  return 2 * of_films > all.rows.size();
}

LabelSet set_of(const Rows& all, const std::vector<std::size_t>& order, const TaskPart& part,
                const Task& task, Split split, bool films) {
  LabelSet set{.task = task, .split = split};
  set.partly_known = PartlyKnown::kMaskValue;
  set.groups = all.groups.list();
  for (const std::size_t i : order) {
    const auto values = all.of(i).subspan(part.first, part.count);
    if (std::ranges::none_of(values, is_known)) continue;
    const Row& row = all.rows[i];
    const std::string& video = all.videos.list()[static_cast<std::size_t>(row.video)];
    if (set.videos.empty() || set.videos.back().video != video) {
      set.videos.push_back({.video = video});
    }
    VideoLabels& labels = set.videos.back();
    if (all.by_name) {
      labels.names.push_back(row.image);
    } else {
      labels.frames.push_back(row.frame);
    }
    labels.values.insert(labels.values.end(), values.begin(), values.end());
    std::int32_t group = row.group;
    if (group < 0 && all.by_name && films) group = kRecordingGroup;
    if (all.has_groups || all.by_name) labels.groups.push_back(group);
    if (all.has_weights) labels.weights.push_back(row.weight);
  }
  return set;
}

InputError refusal(const CsvReader& table, const std::string& path, const Task& task) {
  const std::vector<std::string> wanted =
      task.is_classes() ? std::vector<std::string>{task.name()} : task.outputs();
  std::string meant;
  for (const std::string& column : table.columns()) {
    if (meant.empty() && !names_rows(column)) meant = nearest_match(column, wanted);
  }
  const std::string expected =
      task.is_classes() ? concat("expected a column ", task.name())
                        : concat("expected a column per output, such as ", task.outputs().front());
  return InputError(path + ":1", join(table.columns(), ",").substr(0, 120),
                    concat("has no labels of the task ", task.name(), "; ", expected), meant);
}

}  // namespace

bool is_label_table(const std::filesystem::path& path) {
  std::string name = lower(path.filename().string());
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".txt");
}

std::vector<std::optional<LabelSet>> read_label_table(const LabelSource& source,
                                                      const std::vector<Task>& tasks, Split split,
                                                      std::vector<InputError>& refusals) {
  CsvReader table(source.path);
  const RowColumns columns = row_columns(table, source.path);
  std::vector<TaskPart> parts;
  std::size_t width = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const auto map = source.map.find(tasks[t].name());
    auto found =
        LabelColumns::find(table, tasks[t], map == source.map.end() ? LabelMap() : map->second);
    if (!found) {
      refusals.push_back(refusal(table, source.path, tasks[t]));
      continue;
    }
    parts.push_back({t, std::move(*found), width, label_columns(tasks[t])});
    width += label_columns(tasks[t]);
  }
  std::vector<std::optional<LabelSet>> sets(tasks.size());
  if (parts.empty()) return sets;
  const Rows all = read_rows(table, columns, parts, split);
  const std::vector<std::size_t> order = unique_order(all, source.path);
  const bool films = all.by_name && are_films(all);
  for (const TaskPart& part : parts) {
    sets[part.task] = set_of(all, order, part, tasks[part.task], split, films);
    sets[part.task]->files = {source.path};
  }
  return sets;
}

}  // namespace mien
