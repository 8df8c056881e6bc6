// runs/<name>/: what a training leaves behind.
#pragma once

#include <filesystem>

namespace mien {

class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path record() const { return path_ / "record.json"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path state() const { return path_ / "state.safetensors"; }

  /// A folder of its own for a new run. Throws InputError when it exists already, unless `force`,
  /// which removes an older run's files (and refuses a folder that is no run).
  void create(bool force) const;

  /// Throws InputError unless the folder is there to be resumed.
  void require() const;

 private:
  std::filesystem::path path_;
};

}  // namespace mien
