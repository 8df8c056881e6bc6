// What TensorBoard reads: a TFRecord file of Event messages, one scalar a value and epoch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "mien/training/progress_state.h"
#include "mien/training/run_folder.h"

namespace mien {

/// Seconds since 1970.
double unix_time();

/// CRC-32C (Castagnoli).
std::uint32_t crc32c(std::string_view bytes);

/// The event file of a training that starts or goes on.
class EventFile {
 public:
  /// Writes the epochs so far into a new file, atomically, and removes the run's older ones: each
  /// epoch is there once. Throws InputError when the disk refuses, as append() does.
  EventFile(const RunFolder& run, const std::vector<EpochRecord>& history);

  /// Adds an epoch in one write: whoever watches sees it at once.
  void append(const EpochRecord& record);

 private:
  std::filesystem::path path_;
  std::ofstream stream_;
};

}  // namespace mien
