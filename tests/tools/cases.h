// Many cases in one call of the probe: options.cases of them, the tensors of case i named
// `<i>.<name>`; a process a case would cost more than the case.
#pragma once

#include <span>

#include "mien/data/challenge.h"
#include "mien/data/labels.h"
#include "probe.h"

namespace mien::probe {

/// The tensors of one case.
class Case {
 public:
  Case(const SafetensorsFile& input, std::int64_t index)
      : input_(input), prefix_(std::to_string(index) + ".") {}

  template <class T>
  std::vector<T> values(const std::string& name, DType dtype, std::size_t rank = 1) const {
    const auto view = input_.tensor(prefix_ + name, dtype, rank).template as<T>();
    return {view.begin(), view.end()};
  }
  std::vector<std::int32_t> integers(const std::string& name) const {
    return values<std::int32_t>(name, DType::kI32);
  }
  std::vector<float> floats(const std::string& name) const {
    return values<float>(name, DType::kF32);
  }
  std::vector<double> doubles(const std::string& name) const {
    return values<double>(name, DType::kF64);
  }
  std::string name(const std::string& part) const { return prefix_ + part; }

 private:
  const SafetensorsFile& input_;
  std::string prefix_;
};

template <class Body>
void for_each_case(const SafetensorsFile& input, const nlohmann::json& options, Body body) {
  for (std::int64_t i = 0; i < options.at("cases").get<std::int64_t>(); ++i) body(Case(input, i));
}

inline void add_doubles(Output& output, const std::string& name,
                        const std::vector<double>& values) {
  output.add(name, DType::kF64, {static_cast<std::int64_t>(values.size())}, values);
}

inline Task task_of(const nlohmann::json& options) {
  return challenge_task_from_name(options.at("task").get<std::string>(), "task");
}

/// Of one length, so that byte order is the order of the numbers.
inline std::string video_name(std::int32_t index) {
  return "video" + std::to_string(1000 + index);
}

/// A row with the challenge's marks for "not known" (-1, or -5 among continuous values) -> the same
/// with kUnknown; valence and arousal are known together or not at all.
inline std::vector<double> without_marks(std::span<const double> row, const Task& task) {
  const double least = task.is_continuous() ? -1 : 0;
  std::vector<double> values(row.begin(), row.end());
  for (double& value : values) value = value < least ? kUnknown : value;
  if (task.is_continuous() && !is_known_row(values)) values.assign(row.size(), kUnknown);
  return values;
}

/// Videos (index per row, ascending), frames and flat values -> one VideoLabels per video.
inline std::vector<VideoLabels> rows_by_video(std::span<const std::int32_t> video,
                                              std::span<const std::int32_t> frame,
                                              std::span<const double> values, Task task) {
  const std::size_t columns = label_columns(task);
  std::vector<VideoLabels> videos;
  for (std::size_t i = 0; i < video.size(); ++i) {
    const std::string name = video_name(video[i]);
    if (videos.empty() || videos.back().video != name) videos.push_back({name, {}, {}});
    videos.back().frames.push_back(frame[i]);
    const auto row = without_marks(values.subspan(i * columns, columns), task);
    videos.back().values.insert(videos.back().values.end(), row.begin(), row.end());
  }
  return videos;
}

}  // namespace mien::probe
