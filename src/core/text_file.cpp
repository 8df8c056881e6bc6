#include "mien/core/text_file.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <fstream>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostBytes = 2'000'000'000;
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZip = "PK\x03\x04";

std::string_view view_of_bytes(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
  throw InputError("file", path.string(), "cannot be unpacked (" + reason + ")");
}

[[noreturn]] void fail(const fs::path& path, archive* reader) {
  const char* reason = archive_error_string(reader);
  fail(path, reason != nullptr ? reason : "damaged");
}

Archive open_packed(const fs::path& path, bool zip) {
  Archive reader(archive_read_new());
  if (zip) {
    archive_read_support_format_zip(reader.get());
  } else {
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_read_support_format_empty(reader.get());
  }
  constexpr std::size_t kBlock = 1 << 16;
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    fail(path, reader.get());
  }
  return reader;
}

/// False at the end.
bool next_entry(const fs::path& path, archive* reader, archive_entry*& entry) {
  const int status = archive_read_next_header(reader, &entry);
  if (status == ARCHIVE_EOF) return false;
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail(path, reader);
  return true;
}

/// Appends the entry's bytes; `total` counts those of the whole archive.
std::string read_entry(const fs::path& path, archive* reader, std::size_t& total) {
  std::string text;
  std::array<char, 1 << 16> block{};
  while (true) {
    const la_ssize_t count = archive_read_data(reader, block.data(), block.size());
    if (count < 0) fail(path, reader);
    if (count == 0) return text;
    total += static_cast<std::size_t>(count);
    if (total > kMostBytes) fail(path, "more than " + bytes_text(kMostBytes));
    text.append(block.data(), static_cast<std::size_t>(count));
  }
}

bool is_hidden(std::string_view name) {
  return name.starts_with("__MACOSX/") || name.substr(name.rfind('/') + 1).starts_with('.');
}

std::string only_file(const fs::path& path) {
  std::vector<UnpackedFile> files = unpack_zip(path);
  if (files.size() == 1) return std::move(files.front().text);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < files.size() && i < 3; ++i) names.push_back(files[i].name);
  if (files.size() > names.size()) names.emplace_back("...");
  throw InputError("file", path.string(),
                   concat("holds ", files.size(), " files", names.empty() ? "" : " (", join(names),
                          names.empty() ? "" : ")", ", expected one"));
}

}  // namespace

bool is_zip(const fs::path& path) {
  require_regular_file(path);
  std::ifstream in(path, std::ios::binary);
  std::string start(kZip.size(), '\0');
  return in.read(start.data(), static_cast<std::streamsize>(start.size())) && start == kZip;
}

std::vector<std::string> names_in_zip(const fs::path& path) {
  std::vector<std::string> names;
  if (!is_zip(path)) return names;
  try {
    const Archive reader = open_packed(path, /*zip=*/true);
    archive_entry* entry = nullptr;
    while (next_entry(path, reader.get(), entry)) {
      if (const char* name = archive_entry_pathname(entry)) names.emplace_back(name);
    }
  } catch (const InputError&) {  // a damaged one: what was read says enough
  }
  return names;
}

std::vector<UnpackedFile> unpack_zip(const fs::path& path) {
  const Archive reader = open_packed(path, /*zip=*/true);
  std::vector<UnpackedFile> files;
  std::size_t total = 0;
  archive_entry* entry = nullptr;
  while (next_entry(path, reader.get(), entry)) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) name = archive_entry_pathname_utf8(entry);
    if (archive_entry_filetype(entry) != AE_IFREG || name == nullptr || is_hidden(name)) continue;
    files.push_back({name, {}});
    files.back().text = read_entry(path, reader.get(), total);
  }
  return files;
}

TextFile::TextFile(const fs::path& path) {
  auto mapped = std::make_unique<MappedFile>(path);
  const std::string_view bytes = view_of_bytes(*mapped);
  if (bytes.starts_with(kZip)) {
    unpacked_ = only_file(path);
  } else if (bytes.starts_with(kGzip)) {
    const Archive reader = open_packed(path, /*zip=*/false);
    std::size_t total = 0;
    archive_entry* entry = nullptr;
    if (next_entry(path, reader.get(), entry)) unpacked_ = read_entry(path, reader.get(), total);
  } else {
    mapped_ = std::move(mapped);
  }
}

std::string_view TextFile::text() const {
  return mapped_ ? view_of_bytes(*mapped_) : std::string_view(unpacked_);
}

}  // namespace mien
