// Logging: to standard error, and to a run's log.txt while one is open. spdlog stays behind this.
#pragma once

#include <filesystem>
#include <string>

namespace mien::log {

enum class Verbosity { kQuiet, kNormal, kVerbose };

/// Quiet: warnings and errors only. Verbose: debug lines too. Call once, before other threads log.
void set_verbosity(Verbosity verbosity);
Verbosity verbosity();

/// While it lives, everything logged (debug lines included) is appended to `path` too.
class FileCopy {
 public:
  explicit FileCopy(const std::filesystem::path& path);
  ~FileCopy();
  FileCopy(const FileCopy&) = delete;
  FileCopy& operator=(const FileCopy&) = delete;
};

/// While it lives, what its own thread logs goes to `path` alone: the log of one of several jobs.
/// Threads that this one starts log as before.
class ThreadFile {
 public:
  explicit ThreadFile(const std::filesystem::path& path);
  ~ThreadFile();
  ThreadFile(const ThreadFile&) = delete;
  ThreadFile& operator=(const ThreadFile&) = delete;
};

/// A line of the whole process: a ThreadFile of this thread does not get it.
void info_of_process(const std::string& line);

void debug(const std::string& line);
void info(const std::string& line);
void warn(const std::string& line);
void error(const std::string& line);

}  // namespace mien::log
