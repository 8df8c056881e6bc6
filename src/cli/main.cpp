// mien: the commands in the order of the pipeline, and the one place where errors end.
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/error.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "process.h"

int main(int argc, char** argv) {
  using namespace mien;
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "crop" || command == "encode" || command == "train" || command == "sweep" ||
      command == "predict" || command == "flatness") {
    wait_passively(argv);
    keep_freed_memory();
  }
  keep_output_for_results();
  try {
    CommandLine line;
    add_crop(line);
    add_encode(line);
    add_train(line);
    add_sweep(line);
    add_tune(line);
    add_evaluate(line);
    add_compare(line);
    add_predict(line);
    add_submit(line);
    add_export(line);
    add_flatness(line);
    add_report(line);
    add_inspect(line);
    add_doctor(line);
    catch_interrupts();
    return static_cast<int>(line.run(argc, argv));
  } catch (const InputError& problem) {
    log::error(problem.what());
    return static_cast<int>(ExitCode::kBadInput);
  } catch (const Interrupted& kept) {
    log::warn(std::string("interrupted: ") + kept.what());
    return static_cast<int>(ExitCode::kInterrupted);
  } catch (const std::filesystem::filesystem_error& problem) {
    log::error("file = " + problem.path1().string() + ": cannot be used (" +
               problem.code().message() + ")");
    return static_cast<int>(ExitCode::kBadInput);
  } catch (const std::bad_alloc&) {
    log::error("memory = (all of it): there is not enough for this");
    return static_cast<int>(ExitCode::kBadInput);
  } catch (const std::exception& bug) {
    const std::string_view reason(bug.what());
    log::error("this is a bug in mien, please report it: " +
               std::string(reason.substr(0, reason.find('\n'))));
    return static_cast<int>(ExitCode::kBug);
  }
}
