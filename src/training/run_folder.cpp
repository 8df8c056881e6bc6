#include "mien/training/run_folder.h"

#include "mien/core/error.h"
#include "mien/core/files.h"

namespace mien {
namespace fs = std::filesystem;

void RunFolder::create(bool force) const {
  std::error_code ignored;
  if (fs::exists(path_, ignored) &&
      !(fs::is_directory(path_, ignored) && fs::is_empty(path_, ignored))) {
    if (!force) {
      throw InputError("--out", path_.string(),
                       "exists already; give another name, --resume or --force");
    }
    if (!fs::exists(config(), ignored)) {
      throw InputError("--out", path_.string(),
                       "is no run (it has no config.yaml), --force does not touch it");
    }
    for (const fs::path& file : {config(), record(), log(), metrics(), best(), last(), state()}) {
      fs::remove(file, ignored);
    }
    fs::remove(path_ / "decisions.json", ignored);
    fs::remove(path_ / "report.html", ignored);
    fs::remove_all(path_ / "evaluation", ignored);
  }
  make_folder(path_, "--out");
}

void RunFolder::require() const {
  require_exists(path_, "--out", "the folder of a run to resume");
  if (!fs::is_directory(path_)) {
    throw InputError("--out", path_.string(), "expected the folder of a run to resume");
  }
}

}  // namespace mien
