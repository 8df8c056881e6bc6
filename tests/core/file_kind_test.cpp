#include "mien/core/file_kind.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "expectations.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/mapped_file.h"
#include "mien/core/text_file.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

/// What is no file, by what messages call it, and links to it.
class Specials {
 public:
  Specials() {
    ::mkfifo((folder_.path() / "pipe").c_str(), 0600);
    make_socket(folder_.path() / "socket");
    fs::create_directories(folder_.path() / "folder");
    for (const char* name : {"pipe", "socket", "folder"}) add(name, folder_.path() / name);
    add("device", "/dev/null");
    add("device", "/dev/full");
  }
  ~Specials() { ::close(socket_); }

  struct Special {
    std::string kind;
    fs::path path;
  };
  const std::vector<Special>& all() const { return all_; }
  const fs::path& folder() const { return folder_.path(); }

 private:
  void add(const std::string& kind, const fs::path& path) {
    const fs::path link = folder_.path() / (path.filename().string() + "-link");
    fs::create_symlink(path, link);
    all_.push_back({kind, path});
    all_.push_back({kind, link});
  }

  void make_socket(const fs::path& path) {
    socket_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }

  TemporaryFolder folder_;
  int socket_ = -1;
  std::vector<Special> all_;
};

TEST(WriteTarget, RefusesWhatIsNoFileAndLeavesItAsItIs) {
  const Specials specials;
  for (const auto& [kind, path] : specials.all()) {
    const auto before = fs::status(path).type();
    const std::string expected = "--out = " + path.string() + ": expected a file name, this is a " +
                                 kind +
                                 (kind == "folder" ? ", which --force does not replace" : "");
    for (const bool force : {false, true}) {
      EXPECT_EQ(refusal_of([&] { require_writable_target(path, "--out", force); }), expected);
    }
    EXPECT_TRUE(contains(refusal_of([&] { write_text(path, "x"); }), "this is a " + kind)) << path;
    EXPECT_EQ(fs::status(path).type(), before) << path;
  }
}

TEST(WriteTarget, RefusesOpenFilesOfAProcess) {
  for (const char* path : {"/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2"}) {
    EXPECT_TRUE(contains(refusal_of([&] { require_writable_target(path, "--out", true); }),
                         "--out = " + std::string(path) + ": expected a file name, this is "))
        << path;
  }
}

TEST(WriteTarget, RefusesLinksInACircle) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  fs::create_symlink("self", folder.path() / "self");
  for (const char* name : {"a", "b", "self"}) {
    for (const bool force : {false, true}) {
      EXPECT_TRUE(contains(
          refusal_of([&] { require_writable_target(folder.path() / name, "--out", force); }),
          "this is a link in a circle"));
    }
    EXPECT_TRUE(contains(refusal_of([&] { write_text(folder.path() / name, "x"); }), "circle"));
    EXPECT_TRUE(fs::is_symlink(folder.path() / name));
  }
}

TEST(RequireWritableTarget, GuardsWhatIsThere) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("out.csv", "old");
  EXPECT_TRUE(contains(refusal_of([&] { require_writable_target(path, "--out", false); }),
                       "--out = " + path.string() +
                           ": exists already; give another name or "
                           "--force"));
  EXPECT_NO_THROW(require_writable_target(path, "--out", true));
  EXPECT_NO_THROW(require_writable_target(folder.path() / "new.csv", "--out", false));
  EXPECT_NO_THROW(require_writable_target("new-name-without-folder.csv", "--out", false));
}

TEST(RequireWritableTarget, GuardsWhatALinkLeadsTo) {
  const TemporaryFolder folder;
  folder.write("target", "old");
  fs::create_symlink("target", folder.path() / "link");
  fs::create_symlink("nowhere", folder.path() / "dangling");
  fs::create_symlink("no/where", folder.path() / "lost");
  EXPECT_TRUE(
      contains(refusal_of([&] { require_writable_target(folder.path() / "link", "--out", false); }),
               "exists already"));
  EXPECT_NO_THROW(require_writable_target(folder.path() / "link", "--out", true));
  EXPECT_NO_THROW(require_writable_target(folder.path() / "dangling", "--out", false))
      << "nothing is overwritten";
  EXPECT_TRUE(
      contains(refusal_of([&] { require_writable_target(folder.path() / "lost", "--out", true); }),
               "in a folder that exists"));
}

TEST(RequireWritableTarget, RefusesMissingFoldersAndWhatHasNoName) {
  const TemporaryFolder folder;
  EXPECT_TRUE(contains(
      refusal_of([&] { require_writable_target(folder.path() / "no" / "f", "--out", false); }),
      "expected a file name in a folder that exists"));
  EXPECT_TRUE(contains(
      refusal_of([&] { require_writable_target(folder.path() / "f" / "", "--out", false); }),
      "expected a file name in a folder that exists"));
}

TEST(RequireNotAnInput, KnowsAFileByAllItsNames) {
  const TemporaryFolder folder;
  const fs::path encoder = folder.write("encoder.pt", "x");
  fs::create_symlink("encoder.pt", folder.path() / "link");
  fs::create_hard_link(encoder, folder.path() / "other-name");
  const std::vector<NamedInput> inputs = {{"--videos", ""}, {"--encoder", encoder.string()}};
  for (const char* name : {"encoder.pt", "link", "other-name"}) {
    EXPECT_TRUE(
        contains(refusal_of([&] { require_not_an_input(folder.path() / name, "--out", inputs); }),
                 "is the file of --encoder, expected another one"));
  }
  EXPECT_NO_THROW(require_not_an_input(folder.path() / "new", "--out", inputs));
}

TEST(RequireRegularFile, RefusesWhatWouldBeWaitedFor) {
  const Specials specials;
  for (const auto& [kind, path] : specials.all()) {
    const std::string said = refusal_of([&] { require_regular_file(path, "--encoder"); });
    const bool empty = fs::canonical(path) == "/dev/null";
    EXPECT_EQ(said, empty
                        ? "accepted"
                        : "--encoder = " + path.string() + ": expected a file, this is a " + kind);
  }
}

TEST(Readers, RefuseAPipeOrReadIt) {
  const Specials specials;
  const fs::path pipe = specials.folder() / "pipe";
  EXPECT_TRUE(contains(refusal_of([&] { MappedFile{pipe}; }), "this is a pipe"));
  EXPECT_TRUE(contains(refusal_of([&] { TextFile{pipe}; }), "this is a pipe"));
  EXPECT_TRUE(contains(refusal_of([&] { sha256_of_file(pipe); }), "this is a pipe"));
  EXPECT_TRUE(contains(refusal_of([&] { is_zip(pipe); }), "this is a pipe"));
  std::thread writer([&] {
    for (const char* part : {"first\n", "second\n"}) {
      std::ofstream(pipe, std::ios::app) << part << std::string(100'000, 'x');
      if (part[0] == 'f') continue;
    }
  });
  std::string text;
  while (text.size() < 200'013)
    text += read_text(pipe);  // a writer each, maybe an end between them
  writer.join();
  EXPECT_EQ(text, "first\n" + std::string(100'000, 'x') + "second\n" + std::string(100'000, 'x'));
}

TEST(ReadPipe, TheFirstSignalEndsTheWait) {
  const Specials specials;
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t child = ::fork();
    if (child == 0) {
      catch_interrupts();
      try {
        read_text(specials.folder() / "pipe", "--videos");
      } catch (const Interrupted&) {
        ::_exit(130);
      }
      ::_exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
  }
}

}  // namespace
}  // namespace mien
