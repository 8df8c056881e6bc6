#include "inspect/inspect_bank.h"

#include <algorithm>

#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr std::size_t kListed = 20;  ///< names that are given of a long list

json listed(const std::vector<std::string>& names) {
  const auto last = names.begin() + std::min(std::ssize(names), std::ptrdiff_t{kListed});
  return {{"count", names.size()}, {"names", std::vector<std::string>(names.begin(), last)}};
}

json facts_of(const Bank& bank, const BankFindings& findings) {
  json failures = json::array();
  for (const auto& [video, frame] : findings.failures) {
    failures.push_back({{"video", video}, {"frame", frame.frame}, {"reason", frame.reason}});
  }
  const std::optional<Corruption>& corruption = bank.info().corruption;
  return {{"encoder", to_json(bank.info().encoder)},
          {"corruption", corruption ? json(corruption_text(*corruption)) : json()},
          {"embedding_dim", bank.info().encoder.embedding_dim},
          {"videos", findings.videos},
          {"frames", findings.frames},
          {"failed", findings.failed},
          {"failures", failures},
          {"first_frame", bank.info().first_frame},
          {"videos_from_frame_0", listed(findings.videos_from_zero)},
          {"sources", bank.info().sources}};
}

/// It may be meant, but not for labels.
void warn_of_base(const BankFindings& findings, Inspection& found) {
  const std::vector<std::string>& videos = findings.videos_from_zero;
  if (videos.empty()) return;
  found.warnings.push_back(concat(videos.size(), videos.size() == 1 ? " video" : " videos",
                                  " (the first is ", videos.front(),
                                  ") with a frame 0, while labels count frames from 1; mien encode "
                                  "--first-frame 0 counts 0 as 1"));
}

void add_verified(const BankFindings& findings, const BankExpectation& expected, json& facts) {
  facts["complete"] = findings.complete ? json(*findings.complete) : json();
  facts["sources_missing"] = expected.sources_missing;
  facts["missing_videos"] = listed(findings.missing_videos);
  facts["unreadable_files"] = listed(findings.unreadable_files);
  facts["foreign_files"] = listed(findings.foreign_files);
  facts["temporary_files"] = listed(findings.temporary_files);
  facts["unread_images"] = findings.unread_images;
  facts["images_without_embedding"] = findings.images_without_embedding;
  facts["frames_without_image"] = findings.frames_without_image;
  facts["non_finite_rows"] = findings.non_finite_rows;
  facts["constant_rows"] = findings.constant_rows;
}

}  // namespace

void inspect_bank(const std::filesystem::path& path, const InspectOptions& options,
                  std::optional<BankExpectation> expected, Inspection& found) {
  const Bank bank(path);
  if (!options.verify) {
    const BankFindings findings = read_bank_headers(bank);
    warn_of_base(findings, found);
    found.facts = facts_of(bank, findings);
    found.problems = findings.problems;
    return;
  }
  if (!expected) expected = expect_sources(bank.info().sources, bank.info().photos);
  if (options.videos) restrict_to(*expected, *options.videos);
  const BankFindings findings = verify_bank(bank, *expected);
  warn_of_base(findings, found);
  found.facts = facts_of(bank, findings);
  add_verified(findings, *expected, found.facts);
  found.problems = findings.problems;
}

}  // namespace mien
