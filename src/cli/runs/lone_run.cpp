#include "runs/lone_run.h"

#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/scoring/decisions_file.h"

namespace mien {
namespace {

namespace fs = std::filesystem;

DecisionRules own_rules(const LoneRun& run) {
  const fs::path file = decisions_path(run.folder);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  const DecisionsFile tuned = read_decisions(file);
  if (tuned.runs.size() > 1) {
    throw InputError("RUN", run.folder.string(),
                     concat("its decisions.json blends ", tuned.runs.size(),
                            " runs; expected --raw, or mien tune over this run alone"));
  }
  require_tuned_weights(run.weights, tuned.runs.front(), file);
  return tuned.rules;
}

}  // namespace

LoneRun open_lone_run(const fs::path& folder, const std::string& which, bool raw) {
  LoneRun run{.folder = folder, .weights = weights_of_run(folder, which), .head = {}, .rules = {}};
  run.head = read_head_metadata(run.weights);
  if (run.head.inputs.size() != 1) {
    throw InputError("RUN", folder.string(),
                     concat("was trained on ", run.head.inputs.size(),
                            " encoders side by side; expected a run of one encoder"));
  }
  if (!raw) run.rules = own_rules(run);
  return run;
}

void require_own_encoder(const LoneRun& run, const EncoderInfo& encoder, const std::string& file) {
  const HeadInput& wanted = run.head.inputs.front();
  if (encoder.file_sha256 != wanted.encoder_sha256) {
    throw InputError("--encoder", file,
                     concat("is ", encoder.name, " (", encoder.file_sha256.substr(0, 12),
                            "), expected the encoder of the training, ", wanted.encoder_name, " (",
                            wanted.encoder_sha256.substr(0, 12), ")"));
  }
  std::error_code ignored;
  const std::string bank = run.head.banks.empty() ? "" : run.head.banks.front();
  if (bank.empty() || !fs::exists(fs::path(bank) / "bank.json", ignored)) return;
  const EncoderInfo trained = Bank(bank).info().encoder;
  if (encoder.image_size == trained.image_size && encoder.mean == trained.mean &&
      encoder.std == trained.std && encoder.resize == trained.resize) {
    return;
  }
  throw InputError("--encoder", file,
                   "would prepare images otherwise than " + bank +
                       "; expected the --image-size, --mean and --std of the training");
}

}  // namespace mien
