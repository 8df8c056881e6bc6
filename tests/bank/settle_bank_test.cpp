#include "mien/bank/settle_bank.h"

#include <gtest/gtest.h>

#include <thread>

#include "bank/fake_encoder.h"
#include "expectations.h"
#include "mien/core/digest.h"
#include "mien/core/files.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::FakeEncoder;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

/// Loads fakes that compute as they are told, by `own_path` where they may choose.
struct Loader {
  std::string own_path = "fast-here";
  std::function<void()> while_loading;
  std::vector<std::string> asked = {};  ///< "dtype path" of every load

  std::unique_ptr<Encoder> operator()(const std::string& dtype, const std::string& path) {
    asked.push_back(dtype + " " + path);
    if (while_loading) while_loading();
    auto encoder = std::make_unique<FakeEncoder>();
    encoder->dtype = dtype == "auto" ? "fp32" : dtype;
    encoder->path = path == "auto" ? own_path : path;
    return encoder;
  }
};

BankCompute settled_by(const fs::path& folder, const std::string& path,
                       const EncodeOptions& options = {}) {
  FakeEncoder encoder;
  encoder.path = path;
  return settle_bank(folder, encoder, options, {});
}

TEST(SettleBank, TheFirstRunDecides) {
  const TemporaryFolder folder;
  EXPECT_EQ(fixed_compute(folder.path()), std::nullopt);
  const BankCompute first = settled_by(folder.path(), "a", {.batch_size = 8, .threads = 2});
  EXPECT_EQ(first, (BankCompute{"fp32", "a", 8, 2}));
  EXPECT_EQ(settled_by(folder.path(), "b"), first) << "and the second does as it says";
  EXPECT_EQ(fixed_compute(folder.path()), first);
}

TEST(SettleBank, OfManyFirstRunsAtOnceAllAgreeAndAllSourcesAreKept) {
  for (int round = 0; round < 10; ++round) {
    const TemporaryFolder folder;
    std::vector<BankCompute> found(8);
    {
      std::vector<std::jthread> runs;
      for (std::size_t i = 0; i < found.size(); ++i) {
        runs.emplace_back([&, i] {
          FakeEncoder encoder;
          encoder.path = "path" + std::to_string(i);
          found[i] = settle_bank(folder.path(), encoder, {}, {"source" + std::to_string(i)});
        });
      }
    }
    for (const BankCompute& compute : found) EXPECT_EQ(compute, found.front());
    EXPECT_EQ(Bank(folder.path()).info().sources.size(), found.size());
  }
}

TEST(SettleBank, ABankThatDoesNotSayHowIsFineWithAnyWay) {
  const TemporaryFolder folder;
  write_bank_info(folder.path(), {FakeEncoder().info(), {}, {}});
  EXPECT_EQ(fixed_compute(folder.path()), std::nullopt);
  EXPECT_EQ(settled_by(folder.path(), "any", {.batch_size = 5}).path, "any");
  EXPECT_EQ(Bank(folder.path()).info().compute, std::nullopt);
}

TEST(SettleBank, RefusesADtypeThatTheBankOrTheEncoderDoesNotHave) {
  const TemporaryFolder folder;
  EXPECT_TRUE(contains(refusal_of([&] { settled_by(folder.path(), "a", {.dtype = "bf16"}); }),
                       "--dtype = bf16: the encoder computes in fp32 here"));
  EXPECT_FALSE(is_bank(folder.path()));
  settled_by(folder.path(), "a", {.dtype = "fp32"});
  const std::string message =
      refusal_of([&] { settled_by(folder.path(), "a", {.dtype = "fp16"}); });
  EXPECT_TRUE(contains(message, "--dtype = fp16: expected fp32, as "));
  EXPECT_TRUE(contains(message, "bank.json says"));
}

TEST(SettleBank, RefusesAnotherEncodersFileBeforeItIsLoaded) {
  const TemporaryFolder folder;
  const fs::path mine = folder.write("mine.pt", "mine"), other = folder.write("other.pt", "other");
  FakeEncoder encoder;
  encoder.info_.file_sha256 = sha256_of_file(mine);
  EXPECT_NO_THROW(require_same_encoder_file(folder.path() / "bank", other)) << "no bank yet";
  settle_bank(folder.path() / "bank", encoder, {}, {});
  EXPECT_NO_THROW(require_same_encoder_file(folder.path() / "bank", mine));
  EXPECT_NO_THROW(require_same_encoder_file(folder.path() / "bank", folder.path() / "none.pt"));
  const std::string message =
      refusal_of([&] { require_same_encoder_file(folder.path() / "bank", other); });
  EXPECT_TRUE(contains(message, "--encoder = " + other.string() + ": the bank "));
  EXPECT_TRUE(contains(message, "was made by fake (another file)"));
}

TEST(LoadSettled, ANewBankTakesTheWayThatTheEncoderChooses) {
  const TemporaryFolder folder;
  Loader loader;
  const auto encoder = load_settled(folder.path(), std::ref(loader), {.dtype = "bf16"}, {});
  EXPECT_TRUE(holds(loader.asked, {"bf16 auto"}));
  EXPECT_EQ(fixed_compute(folder.path())->path, "fast-here");
  EXPECT_EQ(fixed_compute(folder.path())->dtype, "bf16");
}

TEST(LoadSettled, ALaterRunLoadsTheWayThatTheBankSays) {
  const TemporaryFolder folder;
  settled_by(folder.path(), "fast-there");
  Loader loader;
  const auto encoder = load_settled(folder.path(), std::ref(loader), {}, {});
  EXPECT_TRUE(holds(loader.asked, {"fp32 fast-there"}));
  EXPECT_EQ(encoder->path_name(), "fast-there");
}

TEST(LoadSettled, LoadsAgainWhenAnotherProcessWasFirstWithAnotherWay) {
  const TemporaryFolder folder;
  Loader loader;
  loader.while_loading = [&] { settled_by(folder.path(), "fast-there"); };
  const auto encoder = load_settled(folder.path(), std::ref(loader), {}, {});
  EXPECT_TRUE(holds(loader.asked, {"auto auto", "fp32 fast-there"}));
  EXPECT_EQ(encoder->path_name(), "fast-there");
}

TEST(LoadSettled, RefusesAContradictionBeforeItLoads) {
  const TemporaryFolder folder;
  settled_by(folder.path(), "a", {.batch_size = 3});
  Loader loader;
  const auto refusal = [&](const EncodeOptions& options) {
    return refusal_of([&] { load_settled(folder.path(), std::ref(loader), options, {}); });
  };
  EXPECT_TRUE(contains(refusal({.dtype = "bf16"}), "--dtype = bf16: expected fp32"));
  EXPECT_TRUE(contains(refusal({.batch_size = 4}), "--batch-size = 4: expected 3"));
  EXPECT_TRUE(loader.asked.empty());
}

}  // namespace
}  // namespace mien
