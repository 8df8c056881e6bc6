#include "mien/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "progress_line.h"

namespace mien::log {
namespace {

struct Sinks {
  std::shared_ptr<spdlog::sinks::sink> terminal;
  std::shared_ptr<spdlog::logger> logger;
  Verbosity verbosity = Verbosity::kNormal;
};

Sinks& sinks() {
  static Sinks instance = [] {
    Sinks made;
    made.terminal = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    made.terminal->set_pattern("%v");
    made.terminal->set_level(spdlog::level::info);
    made.logger = std::make_shared<spdlog::logger>("mien", made.terminal);
    made.logger->set_level(spdlog::level::debug);
    made.logger->flush_on(spdlog::level::debug);
    return made;
  }();
  return instance;
}

thread_local std::shared_ptr<spdlog::logger> thread_logger;

std::shared_ptr<spdlog::sinks::sink> file_sink(const std::filesystem::path& path) {
  write_target(path, "log file");  // a pipe there would wait for a reader
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    return sink;
  } catch (const spdlog::spdlog_ex& problem) {
    throw InputError("log file", path.string(),
                     std::string("expected a file that can be written (") + problem.what() + ")");
  }
}

void write_of_process(spdlog::level::level_enum level, const std::string& prefix,
                      const std::string& line) {
  const ProgressLine::Pause pause;  // a bar on the terminal makes room for the line
  sinks().logger->log(level, "{}{}", prefix, line);
}

void write(spdlog::level::level_enum level, const std::string& prefix, const std::string& line) {
  if (thread_logger) return thread_logger->log(level, "{}{}", prefix, line);
  write_of_process(level, prefix, line);
}

}  // namespace

void set_verbosity(Verbosity verbosity) {
  sinks().verbosity = verbosity;
  const auto level = verbosity == Verbosity::kQuiet     ? spdlog::level::warn
                     : verbosity == Verbosity::kVerbose ? spdlog::level::debug
                                                        : spdlog::level::info;
  sinks().terminal->set_level(level);
}

Verbosity verbosity() {
  return sinks().verbosity;
}

FileCopy::FileCopy(const std::filesystem::path& path) {
  sinks().logger->sinks().push_back(file_sink(path));
}

FileCopy::~FileCopy() {
  sinks().logger->sinks().pop_back();
}

ThreadFile::ThreadFile(const std::filesystem::path& path) {
  thread_logger = std::make_shared<spdlog::logger>("mien", file_sink(path));
  thread_logger->set_level(spdlog::level::debug);
  thread_logger->flush_on(spdlog::level::debug);
}

ThreadFile::~ThreadFile() {
  thread_logger.reset();
}

void info_of_process(const std::string& line) {
  write_of_process(spdlog::level::info, "", line);
}
void debug(const std::string& line) {
  write(spdlog::level::debug, "", line);
}
void info(const std::string& line) {
  write(spdlog::level::info, "", line);
}
void warn(const std::string& line) {
  write(spdlog::level::warn, "warning: ", line);
}
void error(const std::string& line) {
  write(spdlog::level::err, "error: ", line);
}

}  // namespace mien::log
