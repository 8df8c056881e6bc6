// Files that people take for a TorchScript archive.
#pragma once

#include <filesystem>
#include <string>

namespace mien {

/// What the file is instead of a TorchScript archive and what to do about it ("holds weights alone
/// ..."), by its first bytes and the names in it; empty for an archive and for the unknown.
std::string foreign_file(const std::filesystem::path& file);

}  // namespace mien
