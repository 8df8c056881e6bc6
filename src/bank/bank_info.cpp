// bank.json.
#include <nlohmann/json.hpp>

#include "bank_json.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kFormat = "mien-bank";
constexpr int kVersion = 1;

BankCompute compute_from_json(const json& object, const std::string& what) {
  BankCompute compute;
  try {
    compute = {object.at("dtype"), object.at("path"), object.at("batch_size"),
               object.at("threads")};
  } catch (const json::exception&) {
    throw InputError(what + ": compute", json_text(object),
                     "expected dtype, path, batch_size and threads");
  }
  if (compute.batch_size < 1 || compute.threads < 1 || compute.threads > 4096) {
    throw InputError(what + ": compute", json_text(object),
                     "expected a batch_size of at least 1 and 1 to 4096 threads");
  }
  return compute;
}

Corruption corruption_from_json(const json& object, const std::string& what) {
  try {
    const std::string kind = object.at("kind");
    return corruption_from_text(concat(kind, ":", json_text(object.at("severity"))),
                                what + ": corruption");
  } catch (const json::exception&) {
    throw InputError(what + ": corruption", json_text(object), "expected kind and severity");
  }
}

std::vector<std::string> sources_from_json(const json& list, const std::string& what) {
  try {
    return list.get<std::vector<std::string>>();
  } catch (const json::exception&) {
    throw InputError(what + ": sources", json_text(list), "expected a list of texts");
  }
}

std::string bank_info_text(const BankInfo& info) {
  json object = {{"format", kFormat},
                 {"version", kVersion},
                 {"encoder", to_json(info.encoder)},
                 {"embedding_dim", info.encoder.embedding_dim},
                 {"dtype", "F16"},
                 {"sources", info.sources}};
  if (info.compute) {
    object["compute"] = {{"dtype", info.compute->dtype},
                         {"path", info.compute->path},
                         {"batch_size", info.compute->batch_size},
                         {"threads", info.compute->threads}};
  }
  if (info.corruption) {
    object["corruption"] = {{"kind", corruption_kind_name(info.corruption->kind)},
                            {"severity", info.corruption->severity}};
  }
  if (info.photos) object["photos"] = true;
  if (info.first_frame != 1) object["first_frame"] = info.first_frame;
  return json_text(object, 2) + "\n";
}

}  // namespace

BankInfo read_bank_info(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kBankFile;
  const std::string what = file.string();
  const json parsed = json::parse(read_text(file, "bank"), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object() || parsed.value("format", json()) != kFormat) {
    throw InputError("bank", what, "expected JSON with \"format\": \"mien-bank\"");
  }
  if (parsed.value("version", json()) != kVersion) {
    throw InputError(what + ": version", json_text(parsed.value("version", json(0))),
                     concat("expected ", kVersion, "; another version of mien made this bank"));
  }
  BankInfo info;
  info.encoder = encoder_info_from_json(parsed.value("encoder", json()), what);
  if (parsed.value("embedding_dim", json()) != info.encoder.embedding_dim) {
    throw InputError(what + ": embedding_dim", json_text(parsed.value("embedding_dim", json(0))),
                     concat("expected ", info.encoder.embedding_dim, ", as its encoder gives"));
  }
  info.sources = sources_from_json(parsed.value("sources", json::array()), what);
  if (parsed.contains("corruption")) {
    info.corruption = corruption_from_json(parsed["corruption"], what);
  }
  info.photos = parsed.value("photos", json()) == true;
  const json first = parsed.value("first_frame", json(1));
  if (first != 0 && first != 1) {
    throw InputError(what + ": first_frame", json_text(first), "expected 0 or 1");
  }
  info.first_frame = first;
  if (parsed.contains("compute")) info.compute = compute_from_json(parsed["compute"], what);
  return info;
}

void write_bank_info(const std::filesystem::path& folder, const BankInfo& info) {
  write_text(folder / kBankFile, bank_info_text(info));
}

void create_bank_info(const std::filesystem::path& folder, const BankInfo& info) {
  AtomicFile file(folder / kBankFile);
  file.stream() << bank_info_text(info);
  file.commit_if_absent();
}

}  // namespace mien
