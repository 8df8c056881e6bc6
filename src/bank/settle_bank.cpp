#include "mien/bank/settle_bank.h"

#include <algorithm>

#include "bank_json.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/folder_lock.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAuto = "auto";

void refuse_flag(const std::string& flag, const std::string& asked, const std::string& fixed,
                 const fs::path& folder) {
  throw InputError(flag, asked,
                   concat("expected ", fixed, ", as ", (folder / kBankFile).string(), " says"));
}

/// What the bank fixed stays; 0 asks for nothing.
void require_number(const std::string& flag, std::int64_t asked, std::int64_t fixed,
                    const fs::path& folder) {
  if (asked == 0 || asked == fixed) return;
  refuse_flag(flag, std::to_string(asked), std::to_string(fixed), folder);
}

[[noreturn]] void refuse_encoder(const std::string& encoder, const BankInfo& info,
                                 const fs::path& folder) {
  throw InputError("--encoder", encoder,
                   "the bank " + folder.string() + " was made by " + info.encoder.name +
                       " (another file); expected that encoder or another --bank");
}

/// The name and source of an archive without mien.json come from its file's name and may change.
bool same_preprocessing(const EncoderInfo& a, const EncoderInfo& b) {
  return a.image_size == b.image_size && a.embedding_dim == b.embedding_dim && a.mean == b.mean &&
         a.std == b.std && a.resize == b.resize;
}

void require_same_encoder(const BankInfo& info, const EncoderInfo& now, const fs::path& folder) {
  if (info.encoder.file_sha256 != now.file_sha256) refuse_encoder(now.name, info, folder);
  if (!same_preprocessing(info.encoder, now)) {
    throw InputError("--bank", folder.string(),
                     "was made with another preprocessing (image size, mean, std or resize)");
  }
}

/// How a new bank would compute.
BankCompute proposal_of(const Encoder& encoder, const EncodeOptions& options) {
  return {
      .dtype = encoder.dtype_name(),
      .path = encoder.path_name(),
      .batch_size = options.batch_size == 0 ? encoder.preferred_batch_size() : options.batch_size,
      .threads = options.threads == 0 ? runtime_facts().threads : options.threads};
}

void require_dtype(const Encoder& encoder, const EncodeOptions& options) {
  if (options.dtype == kAuto || options.dtype == encoder.dtype_name()) return;
  throw InputError("--dtype", options.dtype,
                   "the encoder computes in " + encoder.dtype_name() + " here, expected that");
}

/// Whether there were new ones.
bool add_sources(BankInfo& info, const std::vector<std::string>& sources) {
  const std::size_t known = info.sources.size();
  for (const std::string& source : sources) {
    const auto found = std::find(info.sources.begin(), info.sources.end(), source);
    if (found == info.sources.end()) info.sources.push_back(source);
  }
  return info.sources.size() > known;
}

}  // namespace

std::optional<BankCompute> fixed_compute(const fs::path& folder) {
  return is_bank(folder) ? read_bank_info(folder).compute : std::nullopt;
}

void require_agreement(const fs::path& folder, const BankCompute& compute,
                       const EncodeOptions& options) {
  if (options.dtype != kAuto && options.dtype != compute.dtype) {
    refuse_flag("--dtype", options.dtype, compute.dtype, folder);
  }
  require_number("--batch-size", options.batch_size, compute.batch_size, folder);
  require_number("--threads", options.threads, compute.threads, folder);
}

void require_same_encoder_file(const fs::path& folder, const fs::path& encoder) {
  std::error_code ignored;
  if (!is_bank(folder) || !fs::is_regular_file(encoder, ignored)) return;
  const BankInfo info = read_bank_info(folder);
  if (info.encoder.file_sha256 != sha256_of_file(encoder)) {
    refuse_encoder(encoder.string(), info, folder);
  }
}

void require_same_corruption(const fs::path& folder, const EncodeOptions& options) {
  if (!is_bank(folder)) return;
  const std::optional<Corruption> held = read_bank_info(folder).corruption;
  if (held == options.corruption) return;
  throw InputError(
      "--corrupt", options.corruption ? corruption_text(*options.corruption) : "(not given)",
      concat("the bank ", folder.string(), " holds ",
             held ? "images corrupted by " + corruption_text(*held) : std::string("clean images"),
             "; expected the same or another --bank"));
}

BankCompute settle_bank(const fs::path& folder, const Encoder& encoder,
                        const EncodeOptions& options, const std::vector<std::string>& sources) {
  make_folder(folder, "--bank");
  const FolderLock lock(folder, "--bank", IfHeld::kWait);
  const BankCompute proposal = proposal_of(encoder, options);
  // Where locks do not work, the file itself decides who was first.
  if (!is_bank(folder)) {
    require_dtype(encoder, options);
    create_bank_info(folder, {encoder.info(), sources, proposal, options.corruption, options.photos,
                              options.first_frame.value_or(1)});
  }
  require_same_corruption(folder, options);
  BankInfo info = read_bank_info(folder);
  require_same_encoder(info, encoder.info(), folder);
  const BankCompute compute = info.compute.value_or(proposal);
  require_agreement(folder, compute, options);
  const std::int64_t first_frame = options.first_frame.value_or(info.first_frame);
  const bool is_recounted = first_frame != info.first_frame;
  info.first_frame = first_frame;
  if (add_sources(info, sources) || is_recounted) write_bank_info(folder, info);
  return compute;
}

std::unique_ptr<Encoder> load_settled(const fs::path& folder, const EncoderLoader& load,
                                      const EncodeOptions& options,
                                      const std::vector<std::string>& sources) {
  require_same_corruption(folder, options);
  const std::optional<BankCompute> fixed = fixed_compute(folder);
  if (fixed) {
    require_agreement(folder, *fixed, options);
    set_threads(fixed->threads);  // the layout of packed weights may depend on them
  }
  auto encoder = fixed ? load(fixed->dtype, fixed->path) : load(options.dtype, kAuto);
  const BankCompute settled = settle_bank(folder, *encoder, options, sources);
  if (settled.path == encoder->path_name() && settled.dtype == encoder->dtype_name()) {
    return encoder;
  }
  log::debug("the bank computes by " + settled.path + ": loading the encoder again");
  encoder.reset();
  return load(settled.dtype, settled.path);
}

}  // namespace mien
