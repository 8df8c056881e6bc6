#include <gtest/gtest.h>

#include "bank/fake_encoder.h"
#include "expectations.h"
#include "mien/bank/settle_bank.h"
#include "mien/core/files.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::FakeEncoder;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr Corruption kJpeg{CorruptionKind::kJpeg, 3};

void settle(const TemporaryFolder& folder, const std::optional<Corruption>& corruption) {
  FakeEncoder encoder;
  settle_bank(folder.path(), encoder, {.corruption = corruption}, {});
}

TEST(CorruptedBank, SaysWhatItHolds) {
  const TemporaryFolder clean, corrupted;
  settle(clean, {});
  settle(corrupted, kJpeg);
  EXPECT_EQ(Bank(clean.path()).info().corruption, std::nullopt);
  EXPECT_EQ(Bank(corrupted.path()).info().corruption, kJpeg);
  EXPECT_NE(Bank(clean.path()).state_digest(), Bank(corrupted.path()).state_digest());
}

TEST(CorruptedBank, TakesNothingElse) {
  const TemporaryFolder clean, corrupted;
  settle(clean, {});
  settle(corrupted, kJpeg);
  EXPECT_NO_THROW(settle(corrupted, kJpeg));
  EXPECT_TRUE(contains(refusal_of([&] { settle(corrupted, {}); }), "--corrupt = (not given)"));
  EXPECT_TRUE(contains(refusal_of([&] { settle(clean, kJpeg); }), "holds clean images"));
  EXPECT_TRUE(contains(refusal_of([&] { settle(corrupted, Corruption{CorruptionKind::kJpeg, 4}); }),
                       "holds images corrupted by jpeg:3"));
}

TEST(CorruptedBank, IsRefusedWhereAnswersAreMadeOfIt) {
  const TemporaryFolder folder;
  settle(folder, kJpeg);
  EXPECT_TRUE(contains(refusal_of([&] { require_clean(Bank(folder.path()), "bank"); }),
                       "holds images corrupted by jpeg:3"));
}

TEST(CorruptedBank, WithADamagedDescriptionIsRefusedByKey) {
  const TemporaryFolder folder;
  settle(folder, kJpeg);
  const std::string whole = read_text(folder.path() / "bank.json");
  const auto message_with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    write_text(folder.path() / "bank.json", text);
    return refusal_of([&] { Bank bank(folder.path()); });
  };
  EXPECT_TRUE(
      contains(message_with("\"severity\": 3", "\"severity\": 9"), "bank.json: corruption"));
  EXPECT_TRUE(contains(message_with("\"jpeg\"", "\"jpg\""), "did you mean jpeg?"));
  EXPECT_TRUE(contains(message_with("\"jpeg\"", "7"), "expected kind and severity"));
}

}  // namespace
}  // namespace mien
