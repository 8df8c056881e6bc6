#include "foreign_file.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "mien/core/file_kind.h"
#include "mien/core/text.h"
#include "mien/core/text_file.h"

namespace mien {
namespace {

constexpr const char* kExport =
    "; expected a network as TorchScript: scripts/export_encoder.py makes CLIP's, "
    "torch.jit.trace(model.eval(), images).save(file) any other";

std::string start_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string start(64, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  return start;
}

/// By the names in an archive of torch's.
std::string foreign_archive(const std::vector<std::string>& names) {
  const auto holds = [&names](std::string_view part) {
    return std::ranges::any_of(
        names, [&](const std::string& name) { return name.find(part) != std::string::npos; });
  };
  if (holds("serialized_exported_program") || holds("/archive_format") ||
      holds("models/model.json") || holds("data/aotinductor")) {
    return std::string("is a program of torch.export (.pt2)") + kExport;
  }
  if (holds("data.pkl") && !holds("constants.pkl") && !holds("/code/")) {
    return std::string("holds weights alone, or a pickled model (torch.save, a state_dict)") +
           kExport;
  }
  return {};
}

}  // namespace

std::string foreign_file(const std::filesystem::path& file) {
  require_regular_file(file);
  const std::string start = start_of(file), text = lower(start);
  if (start.starts_with("version https://git-lfs")) {
    return "is a Git LFS pointer, not the file itself; expected the file that git lfs pull fetches";
  }
  if (start.starts_with("PK")) return foreign_archive(names_in_zip(file));
  if (start.starts_with("\x80")) {
    return std::string("is a Python pickle (an old torch.save)") + kExport;
  }
  if (start.size() > 9 && start[8] == '{' && start.find("\"") == 9) {
    return std::string("holds weights alone (safetensors)") + kExport;
  }
  if (text.starts_with("<!doctype") || text.starts_with("<html")) {
    return "is a web page, not the file itself; expected the file that it leads to";
  }
  return {};
}

}  // namespace mien
