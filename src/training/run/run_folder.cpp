#include "mien/training/run_folder.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/files.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// Temporaries of a killed process start with a dot and do not count.
bool holds_nothing(const fs::path& folder) {
  std::error_code ignored;
  return std::all_of(
      fs::directory_iterator(folder, ignored), fs::directory_iterator(),
      [](const auto& entry) { return entry.path().filename().string().starts_with('.'); });
}

bool lies_in(const fs::path& file, const fs::path& folder) {
  std::error_code ignored;
  const fs::path inner = fs::weakly_canonical(file, ignored);
  const fs::path outer = fs::weakly_canonical(folder, ignored);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

std::vector<fs::path> RunFolder::event_files() const {
  std::error_code ignored;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path_, ignored), end; at != end; at.increment(ignored)) {
    if (at->path().filename().string().starts_with(kEventFilePrefix)) files.push_back(at->path());
  }
  return files;
}

void RunFolder::open(bool resume) const {
  std::error_code ignored;
  if (resume) {
    require_exists(path_, "--out", "the folder of a run to resume");
    if (!fs::is_directory(path_, ignored)) {
      throw InputError("--out", path_.string(), "expected the folder of a run to resume");
    }
  }
  make_folder(path_, "--out");
}

void RunFolder::require_free(bool force, const fs::path& init) const {
  if (holds_nothing(path_)) return;
  std::error_code ignored;
  if (!force) {
    throw InputError("--out", path_.string(),
                     "exists already; give another name, --resume or --force");
  }
  if (!fs::exists(config(), ignored)) {
    throw InputError("--out", path_.string(),
                     "is no run (it has no config.yaml), --force does not touch it");
  }
  if (!init.empty() && lies_in(init, path_)) {
    throw InputError("init", init.string(), "lies in the run that --force would replace");
  }
}

void RunFolder::clear(bool force, const fs::path& init) const {
  require_free(force, init);
  std::error_code ignored;
  // The configuration last: a state is never left without the configuration it belongs to.
  for (const fs::path& file : {state(), best(), last(), metrics(), record(), log()}) {
    fs::remove(file, ignored);
  }
  for (const fs::path& file : event_files()) fs::remove(file, ignored);
  fs::remove(path_ / "decisions.json", ignored);
  fs::remove(path_ / "report.html", ignored);
  fs::remove_all(path_ / "evaluation", ignored);
  fs::remove(config(), ignored);
}

}  // namespace mien
