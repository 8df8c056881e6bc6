#include "mien/scoring/compute_scores.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bank/bank_folder.h"
#include "expectations.h"
#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/scoring/decided_run.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::BankFolder;
using testing::contains;
using testing::frames_up_to;
using testing::holds;
using testing::initialised;
using testing::refusal_of;
using testing::small_shape;
using testing::TemporaryFolder;
using testing::values_of;

/// A run of a head for EXPR and AU over a bank of `dims` numbers each.
class ScoresTest : public ::testing::Test {
 protected:
  ScoresTest() { make_run({4}); }

  void make_run(const std::vector<std::int64_t>& dims) {
    std::int64_t width = 0;
    HeadMetadata metadata;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const std::string name = i == 0 ? "clip" : "other";
      metadata.inputs.push_back({name, "digest of " + name, dims[i]});
      width += dims[i];
    }
    head_ = std::make_unique<Head>(
        initialised(small_shape(width, 2, 5, .5, {expr_task(), au_task()}), 3, at::kFloat));
    save_head(weights(), *head_, metadata);
    metadata_ = read_head_metadata(weights());
  }

  fs::path weights() const { return run_.path() / "best.safetensors"; }

  LogitsByTask cached(const std::vector<std::string>& videos = {"b", "a"}) {
    return cached_logits(run_.path(), weights(), metadata_, {bank_.bank()}, videos, "cpu");
  }

  std::vector<fs::path> cache_files() const {
    std::vector<fs::path> files;
    if (!fs::exists(run_.path() / "evaluation")) return files;
    for (const auto& entry : fs::directory_iterator(run_.path() / "evaluation")) {
      files.push_back(entry.path());
    }
    return files;
  }

  TemporaryFolder run_;
  BankFolder bank_{4};
  std::unique_ptr<Head> head_;
  HeadMetadata metadata_;
};

void expect_same(const LogitsByTask& found, const LogitsByTask& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [task, scores] : expected) {
    const auto& videos = found.at(task).videos;
    ASSERT_EQ(videos.size(), scores.videos.size());
    for (std::size_t v = 0; v < videos.size(); ++v) {
      EXPECT_EQ(videos[v].video, scores.videos[v].video);
      EXPECT_EQ(videos[v].frames, scores.videos[v].frames);
      EXPECT_EQ(videos[v].values, scores.videos[v].values);
    }
  }
}

TEST_F(ScoresTest, AreTheHeadsLogitsOfEveryFrame) {
  bank_.add("b", {3, 5});
  bank_.add("a", frames_up_to(7));
  const Bank bank = bank_.bank();
  const auto logits = compute_logits(weights(), metadata_, {bank}, {"b", "missing", "a"}, "cpu");
  ASSERT_EQ(logits.size(), 2U);
  const auto& videos = logits.at(au_task()).videos;
  ASSERT_EQ(videos.size(), 2U);
  EXPECT_EQ(videos[0].video, "a");
  EXPECT_TRUE(holds(videos[1].frames, {3, 5}));
  const auto of_b = bank.open("b");
  for (std::int64_t row = 0; row < 2; ++row) {
    at::Tensor x = testing::random_tensor({1, 4}, 1, at::kFloat);
    for (std::size_t d = 0; d < 4; ++d) {
      x.mutable_data_ptr<float>()[d] =
          float_from_half(of_b.embeddings()[static_cast<std::size_t>(row) * 4 + d]);
    }
    const auto expected = values_of(head_->forward(x).at(1));
    for (std::size_t c = 0; c < 12; ++c) {
      EXPECT_NEAR(videos[1].values[static_cast<std::size_t>(row) * 12 + c], expected[c], 1e-5);
    }
  }
}

TEST_F(ScoresTest, OfSeveralBanksAreOfTheFramesThatAllHave) {
  make_run({4, 2});
  BankFolder other(2, "other");
  bank_.add("a", {1, 2, 4, 7});
  other.add("a", {2, 3, 4, 8});
  bank_.add("only-here", {1});
  bank_.add("apart", {1});
  other.add("apart", {2});
  const auto banks = open_banks({bank_.path().string(), other.path().string()}, metadata_);
  const auto logits =
      compute_logits(weights(), metadata_, banks, {"a", "apart", "only-here"}, "cpu");
  const auto& videos = logits.at(expr_task()).videos;
  ASSERT_EQ(videos.size(), 1U);
  EXPECT_TRUE(holds(videos[0].frames, {2, 4}));
  EXPECT_EQ(videos[0].values.size(), 16U);
  at::Tensor x = testing::random_tensor({1, 6}, 1, at::kFloat);
  const auto first = banks[0].open("a"), second = banks[1].open("a");
  for (std::size_t d = 0; d < 6; ++d) {  // frame 4: the third row of both
    x.mutable_data_ptr<float>()[d] =
        float_from_half(d < 4 ? first.embeddings()[2 * 4 + d] : second.embeddings()[2 * 2 + d - 4]);
  }
  const auto expected = values_of(head_->forward(x).at(0));
  for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(videos[0].values[8 + c], expected[c], 1e-5);
}

TEST_F(ScoresTest, BanksMustBeThoseOfTheTraining) {
  BankFolder other(4, "other"), narrow(3, "clip");
  EXPECT_NO_THROW(open_banks({bank_.path().string()}, metadata_));
  EXPECT_EQ(refusal_of([&] { open_banks({}, metadata_); }),
            "--bank = 0 banks: expected 1, in the order of training: clip");
  const std::string message = refusal_of([&] { open_banks({other.path().string()}, metadata_); });
  EXPECT_TRUE(contains(message, "--bank = " + other.path().string() + ": was made by other ("));
  EXPECT_TRUE(contains(message, "expected the encoder of the training, clip ("));
  EXPECT_TRUE(contains(refusal_of([&] { open_banks({narrow.path().string()}, metadata_); }),
                       "was made by clip"));
}

TEST_F(ScoresTest, AreKeptAndReadAgain) {
  bank_.add("a", frames_up_to(6));
  bank_.add("b", {2, 9});
  const auto first = cached();
  ASSERT_EQ(cache_files().size(), 1U);
  const auto file = cache_files()[0];
  EXPECT_TRUE(contains(file.filename().string(), "scores-"));
  const auto time = fs::last_write_time(file);
  expect_same(cached({"a", "b"}), first);
  EXPECT_EQ(cache_files().size(), 1U) << "the order of the videos does not matter";
  EXPECT_EQ(fs::last_write_time(file), time);
  expect_same(first, compute_logits(weights(), metadata_, {bank_.bank()}, {"a", "b"}, "cpu"));
}

TEST_F(ScoresTest, AreComputedAnewForOtherWeightsBanksOrVideos) {
  bank_.add("a", frames_up_to(6));
  bank_.add("b", {2, 9});
  const auto before = cached();
  cached({"a"});
  EXPECT_EQ(cache_files().size(), 2U);
  bank_.add("b", {2, 9, 10});
  EXPECT_EQ(cached().at(expr_task()).videos.at(1).frames.size(), 3U);
  { head_->parameters().mul_(2); }
  save_head(weights(), *head_, metadata_);
  EXPECT_NE(cached().at(expr_task()).videos.at(0).values,
            before.at(expr_task()).videos.at(0).values);
  EXPECT_EQ(cache_files().size(), 4U);
}

TEST_F(ScoresTest, ADamagedCacheIsReplaced) {
  bank_.add("a", frames_up_to(6));
  bank_.add("b", {2, 9});
  const auto expected = cached();
  const fs::path file = cache_files().at(0);
  std::ifstream in(file, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  const std::vector<std::string> damaged = {"", "garbage", good.substr(0, good.size() / 2)};
  for (const std::string& content : damaged) {
    std::ofstream(file, std::ios::binary) << content;
    expect_same(cached(), expected);
    EXPECT_EQ(fs::file_size(file), good.size()) << "and is whole again";
  }
}

TEST_F(ScoresTest, OfNoVideoAreEmpty) {
  const auto logits = cached({});
  EXPECT_TRUE(logits.at(expr_task()).videos.empty());
  EXPECT_TRUE(logits.at(au_task()).videos.empty());
  expect_same(cached({}), logits);
}

TEST(MatchingBanks, AreUsedOnceInTheOrderGiven) {
  const BankFolder first(4), other(3, "other"), second(4);
  const auto names = [](std::initializer_list<const BankFolder*> banks) {
    std::vector<std::string> out;
    for (const BankFolder* bank : banks) out.push_back(bank->path().string());
    return out;
  };
  HeadMetadata head;
  const HeadInput clip{"clip", "digest of clip", 4}, another{"other", "digest of other", 3};
  head.inputs = {clip, another, clip};
  EXPECT_EQ(matching_banks(names({&first, &second, &other}), head, "run"),
            names({&first, &other, &second}));
  EXPECT_EQ(matching_banks(names({&other, &second, &first}), head, "run"),
            names({&second, &other, &first}));
  const std::string message =
      refusal_of([&] { matching_banks(names({&first, &other}), head, "run"); });
  EXPECT_TRUE(contains(message, "expected 2 of clip"));
  EXPECT_TRUE(contains(refusal_of([&] { matching_banks(names({&first, &second}), head, "run"); }),
                       "expected one of other"));
}

TEST(PriorsOfAHead, AreItsTrainingLabelsShares) {
  HeadMetadata head;
  EXPECT_TRUE(priors_of(head).empty());
  head.statistics[expr_task()] = {1, 0, 0, 0, 0, 0, 0, 3};
  head.statistics[au_task()] = std::vector<double>(12, .25);
  const Priors priors = priors_of(head);
  EXPECT_EQ(priors.at(expr_task()).at(0), .25F);
  EXPECT_EQ(priors.at(expr_task()).at(7), .75F);
  EXPECT_EQ(priors.at(au_task()), Prior(12, .25F));
  EXPECT_FALSE(priors.contains(va_task()));
  head.statistics[va_task()] = {.5, -.25};
  EXPECT_EQ(priors_of(head).at(va_task()), (Prior{.5F, -.25F}));
  head.statistics[expr_task()] = std::vector<double>(8, 0);
  EXPECT_EQ(priors_of(head).at(expr_task()), Prior(8, 0));
}

}  // namespace
}  // namespace mien
