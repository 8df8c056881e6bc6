#pragma once

#include <filesystem>

namespace mien {

/// Makes a file's content or a rename survive a power cut; `flags` are open()'s. False, with errno,
/// when the disk refused (full, over quota); file systems that cannot sync are taken as they are.
bool sync_path(const std::filesystem::path& path, int flags);

/// Gives a file that is on the disk its name. Throws as refuse_write().
void rename_synced(const std::filesystem::path& written, const std::filesystem::path& path);

std::filesystem::path folder_of(const std::filesystem::path& path);

}  // namespace mien
