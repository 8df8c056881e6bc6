#include "run/event_file.h"

#include <gtest/gtest.h>

#include "mien/core/files.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::TemporaryFolder;

const EpochRecord kFirst{.epoch = 1,
                         .lr = .5,
                         .tasks = {{.task = expr_task(), .metric = .25}, {.task = au_task()}},
                         .wall_time = 1000};
const EpochRecord kSecond{.epoch = 2,
                          .lr = .25,
                          .tasks = {{.task = expr_task(), .metric = .75}, {.task = au_task()}},
                          .wall_time = 2000};

TEST(Crc32c, IsCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

std::string only_event_file(const RunFolder& run) {
  const auto files = run.event_files();
  EXPECT_EQ(files.size(), 1U);
  return files.size() == 1 ? read_text(files.front()) : "";
}

/// The file behind its first record, which holds the time of its making.
std::string epochs_of(const std::string& file) {
  constexpr std::size_t kHeader = 8 + 4 + (1 + 8) + (1 + 1 + 13) + 4;
  return file.size() < kHeader ? "too short" : file.substr(kHeader);
}

TEST(EventFileTest, AnEpochIsTheSameWhetherAppendedOrRewritten) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path());
  EventFile first(run, {});
  EXPECT_EQ(epochs_of(only_event_file(run)), "");
  first.append(kFirst);
  const std::string one = epochs_of(only_event_file(run));
  first.append(kSecond);
  const std::string two = epochs_of(only_event_file(run));
  EXPECT_GT(one.size(), 50U);
  EXPECT_TRUE(two.starts_with(one) && two.size() > one.size());
  EXPECT_EQ(one.find("au_f1"), std::string::npos) << "a task that is not trained has no scalar";
  EventFile(run, {kFirst}).append(kSecond);
  EXPECT_TRUE(epochs_of(only_event_file(run)) == two);
}

TEST(EventFileTest, ReplacesOlderOnesAndNothingElse) {
  const TemporaryFolder folder;
  folder.write("events.out.tfevents.17.host.3", "old");
  folder.write("notes.tfevents.txt", "mine");
  const EventFile file(RunFolder(folder.path()), {kFirst});
  EXPECT_EQ(epochs_of(only_event_file(RunFolder(folder.path()))).find("old"), std::string::npos);
  EXPECT_EQ(read_text(folder.path() / "notes.tfevents.txt"), "mine");
}

}  // namespace
}  // namespace mien
