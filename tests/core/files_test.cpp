#include "mien/core/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <stdexcept>

#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST(ScratchFolderTest, IsHiddenBesideThePathAndGoesWithAllThatIsInIt) {
  const TemporaryFolder folder;
  {
    const ScratchFolder first(folder.path() / "f.csv"), second(folder.path() / "f.csv");
    EXPECT_NE(first.path(), second.path());
    EXPECT_EQ(first.path().parent_path(), folder.path());
    EXPECT_TRUE(first.path().filename().string().starts_with(".f.csv."));
    write_text(first.path() / "a", "content");
    make_folder(first.path() / "b" / "c", "folder");
  }
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{});
}

TEST(AtomicFileTest, IsNotSeenBeforeItsCommit) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f.txt";
  AtomicFile file(path);
  file.stream() << "content";
  file.stream().flush();
  EXPECT_FALSE(fs::exists(path));
  file.commit();
  EXPECT_EQ(read_text(path), "content");
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"f.txt"});
}

TEST(AtomicFileTest, ItsTemporaryIsHiddenAndBesideIt) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "f.txt");
  const auto names = names_in(folder.path());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_TRUE(names.begin()->starts_with(".f.txt.")) << *names.begin();
}

TEST(AtomicFileTest, TwoWritersOfOneFileHaveTheirOwnTemporaries) {
  const TemporaryFolder folder;
  AtomicFile first(folder.path() / "f.txt"), second(folder.path() / "f.txt");
  EXPECT_EQ(names_in(folder.path()).size(), 2U);
  first.stream() << "first";
  second.stream() << "second";
  first.commit();
  second.commit();
  EXPECT_EQ(read_text(folder.path() / "f.txt"), "second");
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"f.txt"});
}

TEST(AtomicFileTest, IsWholeUnderItsTemporaryNameOnceItIsFinished) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "f.txt");
  file.stream() << "content";
  EXPECT_EQ(read_text(file.finish()), "content");
  EXPECT_FALSE(fs::exists(folder.path() / "f.txt"));
  file.commit();
  EXPECT_EQ(read_text(folder.path() / "f.txt"), "content");
}

TEST(AtomicFileTest, OfTwoThatMakeOneFileTheFirstWins) {
  const TemporaryFolder folder;
  AtomicFile first(folder.path() / "f.txt"), second(folder.path() / "f.txt");
  first.stream() << "first";
  second.stream() << "second";
  EXPECT_TRUE(first.commit_if_absent());
  EXPECT_FALSE(second.commit_if_absent());
  EXPECT_EQ(read_text(folder.path() / "f.txt"), "first");
}

TEST(RemoveOldTemporaries, TakesOnlyThoseThatAreOld) {
  const TemporaryFolder folder;
  AtomicFile young(folder.path() / "young.txt"), old(folder.path() / "old.txt");
  for (const auto& name : names_in(folder.path())) {
    if (!name.starts_with(".old")) continue;
    fs::last_write_time(folder.path() / name, fs::file_time_type::clock::now() - 61min);
  }
  remove_old_temporaries(folder.path(), 1h);
  const auto left = names_in(folder.path());
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left.begin()->starts_with(".young.txt."));
}

TEST(RemoveOldTemporaries, LeavesWhatAtomicFileDidNotMake) {
  const TemporaryFolder folder;
  const std::set<std::string> names = {"a.12.0123abcd.tmp",
                                       ".a.0123abcd.tmp",
                                       ".a.12.0123abcd.txt",
                                       ".a.12.0123abcg.tmp",
                                       ".a.x2.0123abcd.tmp",
                                       ".tmp",
                                       "a.tmp"};
  for (const auto& name : names) {
    fs::last_write_time(folder.write(name, ""), fs::file_time_type::clock::now() - 24h);
  }
  remove_old_temporaries(folder.path(), 1h);
  EXPECT_EQ(names_in(folder.path()), names);
}

TEST(RemoveOldTemporaries, TakesAFolderThatDoesNotExist) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(remove_old_temporaries(folder.path() / "missing", 1h));
}

/// A process that waits beside a ScratchFolder of its own, until it is killed.
class ScratchHolder {
 public:
  explicit ScratchHolder(const fs::path& path) {
    int ready[2] = {};
    if (::pipe(ready) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      const ScratchFolder scratch(path);
      make_folder(scratch.path() / "0", "folder");
      write_text(scratch.path() / "0" / "bank", "content");
      if (::write(ready[1], "x", 1) == 1) ::pause();
      ::_exit(0);
    }
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) throw std::runtime_error("the other process is gone");
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~ScratchHolder() { kill(); }
  ScratchHolder(const ScratchHolder&) = delete;
  ScratchHolder& operator=(const ScratchHolder&) = delete;

  void kill() {
    if (child_ == 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  pid_t child_ = 0;
};

void make_old(const fs::path& folder, std::chrono::seconds age) {
  const auto then = fs::file_time_type::clock::now() - age;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    fs::last_write_time(entry.path(), then);
  }
}

TEST(RemoveDeadScratch, TakesThatOfAKilledProcessOnceItIsOld) {
  const TemporaryFolder folder;
  ScratchHolder holder(folder.path() / "banks");
  ASSERT_EQ(names_in(folder.path()).size(), 1U);
  make_old(folder.path(), 2h);
  remove_dead_scratch(folder.path() / "banks", 1h);
  EXPECT_EQ(names_in(folder.path()).size(), 1U) << "its process lives";
  holder.kill();
  remove_dead_scratch(folder.path() / "others", 1h);
  EXPECT_EQ(names_in(folder.path()).size(), 1U) << "of another name";
  remove_dead_scratch(folder.path() / "banks", 3h);
  EXPECT_EQ(names_in(folder.path()).size(), 1U) << "not as old as that";
  remove_dead_scratch(folder.path() / "banks", 1h);
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{});
}

TEST(RemoveDeadScratch, LeavesWhatWasWrittenNotLongAgo) {
  const TemporaryFolder folder;
  ScratchHolder(folder.path() / "banks").kill();
  make_old(folder.path(), 2h);
  const std::string name = *names_in(folder.path()).begin();
  fs::last_write_time(folder.path() / name / "0" / "bank", fs::file_time_type::clock::now());
  remove_dead_scratch(folder.path() / "banks", 1h);
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{name});
}

TEST(RemoveDeadScratch, LeavesThatOfOtherMachinesAndFiles) {
  const TemporaryFolder folder;
  ScratchHolder(folder.path() / "banks").kill();
  const std::string mine = *names_in(folder.path()).begin();  // .banks.<host>.<pid>.<random>.tmp
  const auto end = mine.find('.', 7);
  const std::string theirs = ".banks.elsewhere" + mine.substr(end);
  fs::rename(folder.path() / mine, folder.path() / theirs);
  const std::string file = mine.substr(0, mine.size() - 5) + "0.tmp";
  folder.write(file, "");
  make_old(folder.path(), 2h);
  remove_dead_scratch(folder.path() / "banks", 1h);
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{theirs, file}));
  EXPECT_NO_THROW(remove_dead_scratch(folder.path() / "missing" / "banks", 1h));
}

TEST(AtomicFileTest, WithoutACommitNothingIsLeft) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder.path() / "f.txt");
    file.stream() << "half";
  }
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(AtomicFileTest, WithoutACommitTheOldContentStays) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("f.txt", "old");
  { AtomicFile(path).stream() << "new"; }
  EXPECT_EQ(read_text(path), "old");
  write_text(path, "new and longer");
  EXPECT_EQ(read_text(path), "new and longer");
}

TEST(AtomicFileTest, KeepsEveryByte) {
  const TemporaryFolder folder;
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  write_text(folder.path() / "bytes", all + "\r\n" + all);
  EXPECT_EQ(read_text(folder.path() / "bytes"), all + "\r\n" + all);
}

TEST(AtomicFileTest, RefusesAFolderThatDoesNotExist) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "missing" / "f.txt";
  EXPECT_TRUE(contains(refusal_of([&] { AtomicFile file(path); }),
                       "file = " + path.string() + ": cannot be written"));
}

TEST(AtomicFileTest, RefusesToReplaceAFolder) {
  const TemporaryFolder folder;
  folder.write("taken/inside", "x");
  const fs::path path = folder.path() / "taken";
  EXPECT_TRUE(contains(refusal_of([&] { write_text(path, "x"); }),
                       "file = " + path.string() + ": expected a file name, this is a folder"));
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"taken"}) << "no temporary is left";
}

TEST(AtomicFileTest, WritesThroughALink) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "deep");
  const fs::path target = folder.write("deep/target.txt", "old");
  fs::create_symlink("deep/target.txt", folder.path() / "link");
  fs::create_symlink(folder.path() / "link", folder.path() / "second");
  write_text(folder.path() / "second", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "second"));
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_FALSE(fs::is_symlink(target));
  EXPECT_EQ(read_text(target), "new");
  EXPECT_EQ(names_in(folder.path() / "deep"), std::set<std::string>{"target.txt"});
}

TEST(AtomicFileTest, MakesWhatADanglingLinkLeadsTo) {
  const TemporaryFolder folder;
  fs::create_symlink("nowhere", folder.path() / "link");
  write_text(folder.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(read_text(folder.path() / "nowhere"), "new");
}

TEST(AtomicFileTest, TakesEveryNameThatTheDiskTakes) {
  const TemporaryFolder folder;
  for (const std::size_t length : {200U, 221U, 230U, 240U, 255U}) {
    const fs::path path = folder.path() / std::string(length, 'n');
    write_text(path, "content");
    EXPECT_EQ(read_text(path), "content") << length;
    EXPECT_NO_THROW(ScratchFolder{path}) << length;
  }
  EXPECT_EQ(names_in(folder.path()).size(), 5U) << "no temporary is left";
}

TEST(AtomicFileTest, SaysWhenTheDiskIsFull) {
  ASSERT_TRUE(fs::exists("/dev/full")) << "every Linux has it";
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "f.txt");
  static_cast<std::ofstream&>(file.stream()).close();
  static_cast<std::ofstream&>(file.stream()).open("/dev/full");
  file.stream() << std::string(1 << 16, 'x');
  EXPECT_TRUE(contains(refusal_of([&] { file.commit(); }), "f.txt: cannot be written"));
  EXPECT_FALSE(fs::exists(folder.path() / "f.txt"));
}

TEST(ReadText, NamesWhatItCouldNotRead) {
  const TemporaryFolder folder;
  EXPECT_TRUE(contains(refusal_of([&] { read_text(folder.path() / "no", "config"); }),
                       "config = " + (folder.path() / "no").string() + ": cannot be read"));
  EXPECT_TRUE(contains(refusal_of([&] { read_text(folder.path(), "config"); }),
                       "expected a file, this is a folder"));
}

TEST(RequireExists, AcceptsWhatIsThere) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(require_exists(folder.path(), "--bank", "a bank"));
  EXPECT_NO_THROW(require_exists(folder.write("f", ""), "--bank", "a bank"));
}

TEST(RequireExists, NamesANearMissInTheSameFolder) {
  const TemporaryFolder folder;
  const fs::path near = folder.write("clip-bank", "");
  folder.write("other", "");
  EXPECT_TRUE(
      contains(refusal_of([&] { require_exists(folder.path() / "clip-bnak", "--bank", "a bank"); }),
               "--bank = " + (folder.path() / "clip-bnak").string() +
                   ": does not exist, expected a bank; did you mean " + near.string() + "?"));
  EXPECT_FALSE(
      contains(refusal_of([&] { require_exists(folder.path() / "zzzzzz", "--bank", "a bank"); }),
               "did you mean"));
}

TEST(MakeFolder, MakesParentsAndAcceptsWhatIsThere) {
  const TemporaryFolder folder;
  make_folder(folder.path() / "a" / "b", "--out");
  EXPECT_TRUE(fs::is_directory(folder.path() / "a" / "b"));
  EXPECT_NO_THROW(make_folder(folder.path() / "a" / "b", "--out"));
}

TEST(MakeFolder, RefusesANameThatIsAFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("f", "");
  EXPECT_TRUE(contains(refusal_of([&] { make_folder(file, "--out"); }),
                       "--out = " + file.string() + ": cannot make this folder"));
  EXPECT_TRUE(
      contains(refusal_of([&] { make_folder(file / "sub", "--out"); }), "cannot make this folder"));
}

TEST(LinesOf, CutsAtLfAndCrlf) {
  EXPECT_TRUE(holds(lines_of("a\nb\r\n\r\nc"), {"a", "b", "", "c"}));
}

TEST(LinesOf, IgnoresAByteOrderMarkAtTheStartOnly) {
  EXPECT_TRUE(holds(lines_of("\xEF\xBB\xBFx\n\xEF\xBB\xBFy"), {"x", "\xEF\xBB\xBFy"}));
  EXPECT_TRUE(lines_of("\xEF\xBB\xBF").empty());
}

TEST(LinesOf, ALastLineEndStartsNoLine) {
  EXPECT_TRUE(holds(lines_of("a\n"), {"a"}));
  EXPECT_TRUE(holds(lines_of("a\n\n"), {"a", ""}));
  EXPECT_TRUE(holds(lines_of("\n"), {""}));
  EXPECT_TRUE(lines_of("").empty());
}

}  // namespace
}  // namespace mien
