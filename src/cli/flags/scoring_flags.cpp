#include "flags/scoring_flags.h"

#include "command_line.h"
#include "mien/data/challenge.h"

namespace mien {

void ScoringFlags::add_to(CLI::App* command) {
  command->add_option("--annotations", annotations,
                      "Labels: folder or table [a run's: as trained]");
  command->add_option("--split", split, "train, validation or test (where the labels have one)")
      ->capture_default_str();
  command->add_option("--weights", weights, "best or last")->capture_default_str();
  add_whole_number(command, "--bootstrap", bootstrap,
                   "Draws over videos for the 95 % intervals; 0: none");
  command
      ->add_option(std::string("--partly-known,") + kOldPartlyKnownFlag, partly_known,
                   "Frames without a label for some outputs: drop them, or mask those outputs; "
                   "auto: drop for the challenge's own files, else mask")
      ->capture_default_str();
  command->add_flag("--raw", raw, "Without a run's decisions.json");
}

EvaluationOptions ScoringFlags::evaluation() const {
  require_in("--bootstrap", bootstrap, 0, 1'000'000);
  EvaluationOptions evaluation;
  evaluation.bootstrap.draws = bootstrap;
  evaluation.partly_known = partly_known_from_name(partly_known);
  return evaluation;
}

RunQuery ScoringFlags::query(const std::string& run) const {
  return {.run = run,
          .weights = weights,
          .annotations = annotations,
          .split = split_from_name(split, "--split"),
          .raw = raw};
}

}  // namespace mien
