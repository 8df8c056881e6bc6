// A run that answers by itself, with one encoder and without a bank.
#pragma once

#include <filesystem>
#include <string>

#include "mien/encoder/encoder_info.h"
#include "mien/head/head_file.h"
#include "mien/scoring/decisions.h"

namespace mien {

struct LoneRun {
  std::filesystem::path folder, weights;
  HeadMetadata head;
  DecisionRules rules;  ///< of its decisions.json; empty: raw, or there is none
};

/// `which`: "best" or "last". Throws InputError for several encoders side by side, for decisions
/// that blend runs, and for other weights than were tuned.
LoneRun open_lone_run(const std::filesystem::path& folder, const std::string& which, bool raw);

/// Throws InputError (naming --encoder) unless the encoder in `file` is the training's and prepares
/// images as it did; the latter as far as the training's bank is still there.
void require_own_encoder(const LoneRun& run, const EncoderInfo& encoder, const std::string& file);

}  // namespace mien
