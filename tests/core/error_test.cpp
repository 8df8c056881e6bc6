#include "mien/core/error.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::TemporaryFolder;

TEST(InputErrorTest, SaysWhatValueAndExpectation) {
  EXPECT_STREQ(InputError("--every", "0", "expected at least 1").what(),
               "--every = 0: expected at least 1");
  EXPECT_STREQ(InputError("key", "roh", "there is no such key", "sam.rho").what(),
               "key = roh: there is no such key; did you mean sam.rho?");
}

TEST(InputErrorTest, IsAlwaysOneLine) {
  EXPECT_STREQ(InputError("a\nb", "c\r\nd", "e\tf").what(), "a b = c  d: e f");
}

TEST(InterruptTest, NothingIsRequestedWithoutASignal) {
  EXPECT_FALSE(interrupt_requested());
  EXPECT_NO_THROW(throw_if_interrupted("kept"));
}

/// What a command does when it is told to stop. Ends the process: use in death tests.
[[noreturn]] void stop_by(int signal) {
  catch_interrupts();
  std::raise(signal);
  if (!interrupt_requested()) std::_Exit(1);
  try {
    throw_if_interrupted("finished videos are kept");
  } catch (const Interrupted& stop) {
    std::fputs(stop.what(), stderr);
    std::_Exit(130);
  }
  std::_Exit(1);
}

TEST(InterruptDeathTest, SignalsAskForAnOrderlyEnd) {
  EXPECT_EXIT(stop_by(SIGINT), ::testing::ExitedWithCode(130), "finished videos are kept");
  EXPECT_EXIT(stop_by(SIGTERM), ::testing::ExitedWithCode(130), "finished videos are kept");
}

TEST(InterruptDeathTest, ASecondSignalEndsTheProcessAtOnce) {
  const auto twice = [] {
    catch_interrupts();
    std::raise(SIGINT);
    std::raise(SIGTERM);
    std::_Exit(0);
  };
  EXPECT_EXIT(twice(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(LogTest, ARunsLogHoldsEveryLineWhileItIsOpen) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "log.txt";
  const log::Verbosity before = log::verbosity();
  log::set_verbosity(log::Verbosity::kQuiet);
  {
    const log::FileCopy copy(path);
    log::debug("detail");
    log::info("news");
  }
  log::info("after");
  log::set_verbosity(before);
  const std::string text = read_text(path);
  EXPECT_TRUE(contains(text, "detail"));
  EXPECT_TRUE(contains(text, "news"));
  EXPECT_EQ(text.find("after"), std::string::npos);
}

TEST(LogTest, ARunsLogIsAppendedTo) {
  const TemporaryFolder folder;
  const auto path = folder.write("log.txt", "before\n");
  {
    const log::FileCopy copy(path);
    log::debug("resumed");
  }
  EXPECT_TRUE(read_text(path).starts_with("before\n"));
  EXPECT_TRUE(contains(read_text(path), "resumed"));
}

}  // namespace
}  // namespace mien
