#include "step/divergence.h"

#include <algorithm>
#include <cmath>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::int64_t kFramesNamed = 4;

std::string frames_text(const EpochPlace& place, const BatchRange& batch) {
  std::vector<std::string> frames;
  for (std::int64_t i = batch.begin; i < std::min(batch.end, batch.begin + kFramesNamed); ++i) {
    const RowSource& row =
        place.data.rows[static_cast<std::size_t>(place.order[static_cast<std::size_t>(i)])];
    frames.push_back(concat(place.data.videos[row.video], "/", row.frame));
  }
  const std::int64_t more = batch.end - batch.begin - kFramesNamed;
  return join(frames) + (more > 0 ? concat(" and ", more, " more frames") : "");
}

/// Without the sign that a NaN may have.
std::string number_text(double value) {
  return std::isnan(value) ? "nan" : shortest(value);
}

/// What is left to go on from.
std::string advice(const RunFolder& run, std::int64_t epochs_done) {
  const std::string cure = "a lower optimizer.lr or more warm-up may help";
  if (epochs_done == 0) return "no epoch was finished; " + cure;
  return concat("epoch ", epochs_done, " is kept in ", run.state().string(),
                " (--resume) and, to go on with other settings, init=", run.last().string(), "; ",
                cure);
}

}  // namespace

void require_finite(EpochLog& log, const EpochPlace& place) {
  if (const auto bad = log.first_bad()) stop_at(*bad, place);
}

void stop_at(const BadStep& bad, const EpochPlace& place) {
  const BatchRange& batch = place.batches[static_cast<std::size_t>(bad.step)];
  throw InputError(
      bad.what, number_text(bad.value),
      concat("expected a finite number at step ", place.first_step + bad.step + 1, " (epoch ",
             place.epochs_done + 1, ", batch ", bad.step + 1, " of ", place.batches.size(), ": ",
             frames_text(place, batch), "); ", advice(place.run, place.epochs_done)));
}

void require_finite_validation(double loss, std::int64_t epochs_done, const RunFolder& run) {
  if (std::isfinite(loss)) return;
  throw InputError("validation loss", number_text(loss),
                   concat("expected a finite number after epoch ", epochs_done + 1, "; ",
                          advice(run, epochs_done)));
}

}  // namespace mien
