#include "flags/scoring_flags.h"

#include "command_line.h"

namespace mien {

void ScoringFlags::add_to(CLI::App* command) {
  command->add_option("--annotations", annotations, "Folder of the labels [a run's: as trained]");
  command->add_option("--split", split, "train or validation")->capture_default_str();
  command->add_option("--weights", weights, "best or last")->capture_default_str();
  add_whole_number(command, "--bootstrap", bootstrap,
                   "Draws over videos for the 95 % intervals; 0: none");
  command
      ->add_option("--au-invalid", au_invalid,
                   "A -1 among a frame's AUs: drop the frame, or mask that AU")
      ->capture_default_str();
  command->add_flag("--raw", raw, "Without a run's decisions.json");
}

EvaluationOptions ScoringFlags::evaluation() const {
  require_in("--bootstrap", bootstrap, 0, 1'000'000);
  EvaluationOptions evaluation;
  evaluation.bootstrap.draws = bootstrap;
  evaluation.au_policy = au_policy_from_name(au_invalid);
  return evaluation;
}

RunQuery ScoringFlags::query(const std::string& run) const {
  return {.run = run,
          .weights = weights,
          .annotations = annotations,
          .split = split_from_name(split),
          .raw = raw};
}

}  // namespace mien
