#include "tally.h"

#include <type_traits>

namespace mien {
namespace {

using Moments = std::array<Concordance, 2>;

void add_to(Confusion& counts, std::span<const double> truth, std::span<const double> decisions) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    counts.add(static_cast<std::size_t>(truth[i]), static_cast<std::size_t>(decisions[i]));
  }
}

void add_to(AuCounts& counts, std::span<const double> truth, std::span<const double> decisions) {
  for (std::size_t at = 0; at < truth.size(); at += kActionUnits) {
    counts.add_row(truth.subspan(at, kActionUnits), decisions.subspan(at, kActionUnits),
                   AuPolicy::kDropFrame);
  }
}

void add_to(Moments& moments, std::span<const double> truth, std::span<const double> decisions) {
  for (std::size_t i = 0; i < truth.size(); ++i) moments[i % 2].add(truth[i], decisions[i]);
}

double score_of(const Confusion& counts) {
  return counts.macro_f1();
}
double score_of(const AuCounts& counts) {
  return counts.mean_f1();
}
double score_of(const Moments& moments) {
  return (moments[0].ccc() + moments[1].ccc()) / 2;
}

}  // namespace

Tally::Tally(Task task) : counts_(Confusion(kExpressions)) {
  if (task == Task::kAu) counts_ = AuCounts();
  if (task == Task::kVa) counts_ = Moments();
}

void Tally::add(std::span<const double> truth, std::span<const double> decisions) {
  std::visit([&](auto& counts) { add_to(counts, truth, decisions); }, counts_);
}

void Tally::merge(const Tally& other, std::int64_t times) {
  std::visit(
      [&](auto& counts) {
        const auto& others = std::get<std::decay_t<decltype(counts)>>(other.counts_);
        if constexpr (std::is_same_v<std::decay_t<decltype(counts)>, Moments>) {
          for (std::size_t d = 0; d < 2; ++d) counts[d].merge(others[d], times);
        } else {
          counts.merge(others, times);
        }
      },
      counts_);
}

double Tally::score() const {
  return std::visit([](const auto& counts) { return score_of(counts); }, counts_);
}

}  // namespace mien
