// runs/<name>/: what a training leaves behind.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace mien {

class RunFolder {
 public:
  static constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";

  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path record() const { return path_ / "record.json"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path state() const { return path_ / "state.safetensors"; }
  /// The event files that are there, for TensorBoard.
  std::vector<std::filesystem::path> event_files() const;

  /// Makes the folder, unless `resume`: then it must be there. Throws InputError.
  void open(bool resume) const;

  /// Throws InputError when there is something already, unless `force`; and then too for a folder
  /// that is no run, or holds the weights `init` to start from.
  void require_free(bool force, const std::filesystem::path& init) const;

  /// require_free(), then removes an older run's files.
  void clear(bool force, const std::filesystem::path& init) const;

 private:
  std::filesystem::path path_;
};

}  // namespace mien
