// What a path leads to: a file, or what must be neither replaced nor read as one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mien {

/// `path` or, where that is a link, what the link leads to, whether that exists or not. Throws
/// InputError (naming `what`) for a link in a circle, and for an open file of a process
/// (/dev/stdout).
std::filesystem::path behind_links(const std::filesystem::path& path, const std::string& what);

/// The file that a write to `path` makes or replaces: behind_links(). Throws InputError (naming
/// `what`) for a folder, a device, a pipe or a socket, too.
std::filesystem::path write_target(const std::filesystem::path& path,
                                   const std::string& what = "file");

/// Throws InputError when `path` cannot be written (see write_target), when its folder does not
/// exist, or when it exists and `force` is false.
void require_writable_target(const std::filesystem::path& path, const std::string& flag,
                             bool force);

/// An argument that is read, for require_not_an_input().
struct NamedInput {
  std::string flag, path;
};

/// Throws InputError when `out` is one of the files that are read: --force replaces results, never
/// what they are made of.
void require_not_an_input(const std::filesystem::path& out, const std::string& flag,
                          const std::vector<NamedInput>& inputs);

/// Throws InputError (naming `what`) for a folder, a device other than /dev/null, a pipe or a
/// socket: opening them would fail late, or wait for a writer that never comes. What does not
/// exist or cannot be looked at is for the reader to refuse.
void require_regular_file(const std::filesystem::path& path, const std::string& what = "file");

/// Why a file of this name cannot be made here (too long, or with characters that the file system
/// does not take), or nothing. Nothing is made.
std::string name_problem(const std::filesystem::path& path);

/// `path` with HOME for a ~ that stands for it: "~" or "~/...".
std::filesystem::path expand_home(const std::string& path);

bool is_pipe(const std::filesystem::path& path);

/// All that a pipe gives until its writers close it. While nothing comes a line in the log says so,
/// and Ctrl-C or SIGTERM ends the wait. Throws InputError (naming `what`) when it cannot be read,
/// and Interrupted.
std::string read_pipe(const std::filesystem::path& path, const std::string& what);

}  // namespace mien
