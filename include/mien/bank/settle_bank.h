// Who decides how a bank's numbers are made: its first run. Everyone after it computes that way.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/bank/encode_videos.h"
#include "mien/encoder/encoder.h"

namespace mien {

/// How the bank in `folder` computes; nothing when there is no bank yet or it does not say
/// (imported ones). Throws InputError when bank.json is damaged.
std::optional<BankCompute> fixed_compute(const std::filesystem::path& folder);

/// Throws InputError that names the flag and both values when the options contradict `compute`.
void require_agreement(const std::filesystem::path& folder, const BankCompute& compute,
                       const EncodeOptions& options);

/// Throws InputError when there is a bank in `folder` that another file than `encoder` made; a
/// missing `encoder` is for load_encoder() to complain about.
void require_same_encoder_file(const std::filesystem::path& folder,
                               const std::filesystem::path& encoder);

/// Throws InputError that names --corrupt when the bank in `folder` holds other images than
/// `options` asks for, clean ones among them.
void require_same_corruption(const std::filesystem::path& folder, const EncodeOptions& options);

/// bank.json as this run needs it: made (of several processes the first decides), extended by new
/// sources, or refused. Gives how to compute, which may be another path or dtype than the encoder's
/// own. Throws InputError when the bank is of another encoder or preprocessing, or contradicts the
/// options.
BankCompute settle_bank(const std::filesystem::path& folder, const Encoder& encoder,
                        const EncodeOptions& options, const std::vector<std::string>& sources);

/// load_encoder() with a dtype and a path, "auto" where nothing is fixed.
using EncoderLoader =
    std::function<std::unique_ptr<Encoder>(const std::string& dtype, const std::string& path)>;

/// Settles the bank and gives an encoder that computes as it says: loaded that way where the bank
/// is there, and loaded again when another process has meanwhile made it and chosen differently.
std::unique_ptr<Encoder> load_settled(const std::filesystem::path& folder,
                                      const EncoderLoader& load, const EncodeOptions& options,
                                      const std::vector<std::string>& sources);

}  // namespace mien
