#include "mien/tuning/tune.h"

#include <algorithm>
#include <map>
#include <set>

#include "fit.h"
#include "mien/core/error.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "workers.h"

namespace mien {
namespace {

constexpr double kWorthwhile = 1e-3;  ///< F1 or CCC out of fold, an ingredient

/// What a set of ingredients made of each video.
struct Outcome {
  std::vector<Ingredient> ingredients;
  DecisionRule rule;
  std::vector<TaskCounts> in_sample, out_of_fold;
};

/// `units` [videos]: whose multiplicity a video has; every video counts once without them.
double score_of(const std::vector<TaskCounts>& videos, PartlyKnown policy,
                std::span<const std::size_t> units = {},
                std::span<const std::int32_t> multiplicities = {}) {
  TaskCounts total(videos.front().task());
  for (std::size_t v = 0; v < videos.size(); ++v) {
    const std::int32_t times = multiplicities.empty() ? 1 : multiplicities[units[v]];
    if (times > 0) total.merge(videos[v], times);
  }
  return total.mean(total.in_mean(policy));
}

/// The numbers of names, in the order in which they first occur.
std::vector<std::size_t> numbered(const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> places;
  std::vector<std::size_t> numbers;
  for (const std::string& name : names) {
    numbers.push_back(places.try_emplace(name, places.size()).first->second);
  }
  return numbers;
}

/// One task's cross-fitting with any set of ingredients.
class CrossFit {
 public:
  CrossFit(const TuneData& data, std::vector<std::int64_t> fold_of, std::int64_t threads)
      : data_(data), fold_of_(std::move(fold_of)), fitter_(data, threads) {}

  const TuneData& data() const { return data_; }

  Outcome run(const std::vector<Ingredient>& ingredients) {
    const std::size_t videos = data_.labels.videos.size();
    std::vector<Fit> fits(static_cast<std::size_t>(std::ranges::max(fold_of_)) + 2);
    for (std::size_t f = 0; f < fits.size(); ++f) {
      fits[f].training.resize(videos);
      for (std::size_t v = 0; v < videos; ++v) {
        fits[f].training[v] = fold_of_[v] != static_cast<std::int64_t>(f);
      }
    }
    fitter_.fit(ingredients, fits);
    Outcome outcome{ingredients, fits.back().rule, {}, {}};
    for (std::size_t v = 0; v < videos; ++v) {
      const DecisionRule& unseen = fits[static_cast<std::size_t>(fold_of_[v])].rule;
      outcome.in_sample.push_back(fitter_.counts(v, outcome.rule));
      outcome.out_of_fold.push_back(unseen == outcome.rule ? outcome.in_sample.back()
                                                           : fitter_.counts(v, unseen));
    }
    return outcome;
  }

 private:
  const TuneData& data_;
  std::vector<std::int64_t> fold_of_;
  Fitter fitter_;
};

/// Images that are no film have nothing to smooth.
bool has_films(const TaskScores& scores) {
  return std::ranges::any_of(scores.videos, &VideoScores::film);
}

std::vector<Ingredient> applicable(const TuneOptions& options,
                                   const std::vector<TaskScores>& runs) {
  std::vector<Ingredient> out;
  for (const Ingredient one : kIngredients) {
    const bool asked = std::ranges::find(options.ingredients, one) != options.ingredients.end();
    const bool possible = one == Ingredient::kBlend    ? runs.size() > 1
                          : one == Ingredient::kLevels ? !runs.front().task.is_continuous()
                                                       : std::ranges::any_of(runs, has_films);
    if (asked && possible) out.push_back(one);
  }
  return out;
}

/// Point estimates and intervals of all outcomes on the same draws.
std::vector<TunedScores> scores_of(const std::vector<Outcome>& outcomes,
                                   const std::vector<TaskCounts>& raw, const TuneData& data,
                                   const BootstrapOptions& options, Estimate& raw_score) {
  const std::vector<std::size_t> units = numbered(data.units);
  const auto statistics = [&](std::span<const std::int32_t> draw) {
    std::vector<double> values = {score_of(raw, data.labels.partly_known, units, draw)};
    for (const Outcome& outcome : outcomes) {
      const double unseen = score_of(outcome.out_of_fold, data.labels.partly_known, units, draw);
      values.insert(values.end(),
                    {score_of(outcome.in_sample, data.labels.partly_known, units, draw), unseen,
                     unseen - values.front()});
    }
    return values;
  };
  const std::vector<Estimate> estimates =
      bootstrap(std::ranges::max(units) + 1, statistics, options);
  raw_score = estimates.front();
  std::vector<TunedScores> scores;
  for (std::size_t i = 1; i < estimates.size(); i += 3) {
    scores.push_back({estimates[i], estimates[i + 1], estimates[i + 2]});
  }
  return scores;
}

std::string name_of(const std::vector<Ingredient>& ingredients, std::size_t wanted) {
  if (ingredients.size() > 1 && ingredients.size() == wanted) return "together";
  std::vector<std::string> names;
  for (const Ingredient one : ingredients) names.push_back(ingredient_name(one));
  return join(names, "+");
}

/// Every set of the ingredients, smaller ones first, without the empty one.
std::vector<std::vector<Ingredient>> sets_of(const std::vector<Ingredient>& wanted) {
  std::vector<std::vector<Ingredient>> sets;
  for (std::size_t mask = 1; mask < (std::size_t{1} << wanted.size()); ++mask) {
    auto& set = sets.emplace_back();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if ((mask >> i & 1) != 0) set.push_back(wanted[i]);
    }
  }
  std::ranges::stable_sort(sets, {}, &std::vector<Ingredient>::size);
  return sets;
}

/// An outcome a set, and last once more the one that is kept: the best out of fold, where every
/// ingredient must bring kWorthwhile.
std::vector<Outcome> outcomes_of(CrossFit& cross_fit, const std::vector<Ingredient>& wanted,
                                 Outcome raw) {
  const TuneData& data = cross_fit.data();
  const auto sets = sets_of(wanted);
  Progress progress("tuning " + task_name(data.labels.task), "fits",
                    static_cast<std::int64_t>(sets.size()));
  const auto worth = [&data](const Outcome& outcome) {
    return score_of(outcome.out_of_fold, data.labels.partly_known) -
           kWorthwhile * static_cast<double>(outcome.ingredients.size());
  };
  std::vector<Outcome> outcomes;
  Outcome kept = std::move(raw);
  for (const auto& set : sets) {
    const Outcome& outcome = outcomes.emplace_back(cross_fit.run(set));
    if (worth(outcome) > worth(kept)) kept = outcome;
    progress.advance(1);
  }
  outcomes.push_back(std::move(kept));
  return outcomes;
}

}  // namespace

std::string ingredient_name(Ingredient ingredient) {
  switch (ingredient) {
    case Ingredient::kBlend:
      return "blend";
    case Ingredient::kSmoothing:
      return "smoothing";
    case Ingredient::kLevels:
      break;
  }
  return "levels";
}

Ingredient ingredient_from_name(std::string_view name, const std::string& what) {
  std::vector<std::string> names;
  for (const Ingredient one : kIngredients) {
    names.push_back(ingredient_name(one));
    if (names.back() == name) return one;
  }
  throw InputError(what, std::string(name), "expected some of " + join(names),
                   nearest_match(name, names));
}

std::vector<Smoothing> smoothing_candidates() {
  std::vector<Smoothing> out = {{}};
  for (const int h : {1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120}) {
    out.push_back({SmoothingKind::kBox, h});
  }
  for (const int h : {3, 6, 12, 25, 50, 100, 180}) out.push_back({SmoothingKind::kGaussian, h});
  for (const int h : {2, 5, 12, 30, 80}) out.push_back({SmoothingKind::kMedian, h});
  return out;
}

TaskTuning tune_task(const std::vector<TaskScores>& runs, const LabelSet& labels,
                     const TuneOptions& options) {
  const Task task = labels.task;
  const TuneData data = tune_data(runs, labels);
  std::vector<std::int64_t> fold_of = stratified_folds(data.labels, options.folds, options.seed);
  TaskTuning result;
  result.task = task;
  result.folds = std::ranges::max(fold_of) + 1;
  result.videos = std::ssize(std::set(data.units.begin(), data.units.end()));
  for (const VideoLabels& video : data.labels.videos) {
    result.frames += static_cast<std::int64_t>(video.frames.size());
  }
  CrossFit cross_fit(data, std::move(fold_of), options.threads);
  const Outcome untouched = cross_fit.run({});
  const std::vector<Ingredient> wanted = applicable(options, runs);
  std::vector<Outcome> outcomes = outcomes_of(cross_fit, wanted, untouched);
  const auto scores = scores_of(outcomes, untouched.in_sample, data, options.bootstrap, result.raw);
  const Outcome& kept = outcomes.back();
  result.scores = scores.back();
  result.rule = kept.rule;
  for (std::size_t i = 0; i + 1 < outcomes.size(); ++i) {
    const auto& of_row = outcomes[i].ingredients;
    const bool in_rule = std::ranges::all_of(of_row, [&](Ingredient one) {
      return std::ranges::find(kept.ingredients, one) != kept.ingredients.end();
    });
    result.ingredients.push_back({name_of(of_row, wanted.size()), scores[i], in_rule});
  }
  return result;
}

}  // namespace mien
