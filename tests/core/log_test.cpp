#include "mien/core/log.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/core/files.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;

TEST(ThreadFileTest, GetsWhatItsThreadLogsButNotWhatIsOfTheProcess) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "log.txt";
  ::testing::internal::CaptureStderr();
  {
    const log::ThreadFile own(file);
    log::info("of the job");
    log::info_of_process("of all jobs");
  }
  const std::string terminal = ::testing::internal::GetCapturedStderr();
  const std::string kept = read_text(file, "log");
  EXPECT_TRUE(contains(terminal, "of all jobs\n"));
  EXPECT_EQ(terminal.find("of the job"), std::string::npos);
  EXPECT_TRUE(contains(kept, "of the job"));
  EXPECT_EQ(kept.find("of all jobs"), std::string::npos);
}

}  // namespace
}  // namespace mien
