// Several banks as one, and labels that name images brought to a bank's numbers.
#include <gtest/gtest.h>

#include "bank/bank_folder.h"
#include "expectations.h"
#include "mien/bank/image_numbers.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::contains;
using testing::holds;
using testing::refusal_of;

std::string joined(const BankFolder& first, const BankFolder& second) {
  return first.path().string() + ":" + second.path().string();
}

TEST(JoinedBanks, HaveTheVideosOfAll) {
  BankFolder first(3), second(3);
  first.add("b", {1, 2});
  first.add("d", {1});
  second.add("a", {4});
  second.add("c", {5, 6});
  const Bank bank = open_bank(joined(first, second));
  EXPECT_TRUE(holds(bank.videos(), {"a", "b", "c", "d"}));
  EXPECT_TRUE(bank.has("a") && bank.has("d") && !bank.has("e"));
  for (const auto& [video, from] : std::vector<std::pair<std::string, Bank>>{
           {"a", second.bank()}, {"b", first.bank()}, {"c", second.bank()}, {"d", first.bank()}}) {
    const auto found = bank.open(video), expected = from.open(video);
    EXPECT_TRUE(std::ranges::equal(found.frames(), expected.frames())) << video;
    EXPECT_TRUE(std::ranges::equal(found.embeddings(), expected.embeddings())) << video;
  }
  EXPECT_EQ(Bank(std::vector{first.bank(), second.bank()}).videos(), bank.videos());
}

TEST(JoinedBanks, OfOneIsThatOne) {
  BankFolder only(3);
  only.add("a", {1});
  EXPECT_EQ(Bank(std::vector{only.bank()}).state_digest(), only.bank().state_digest());
  EXPECT_EQ(open_bank(only.path().string()).videos(), only.bank().videos());
}

TEST(JoinedBanks, ChangeWhenOneDoes) {
  BankFolder first(3), second(3);
  first.add("a", {1});
  second.add("b", {1});
  const std::string digest = open_bank(joined(first, second)).state_digest();
  EXPECT_EQ(open_bank(joined(first, second)).state_digest(), digest);
  second.add("b", {1, 2});
  const std::string changed = open_bank(joined(first, second)).state_digest();
  EXPECT_NE(changed, digest);
  second.add("c", {1});
  EXPECT_NE(open_bank(joined(first, second)).state_digest(), changed);
}

TEST(JoinedBanksRefusal, OfOtherEncodersAndTheSameVideos) {
  BankFolder first(3), other(3, "other"), same(3), wide(4);
  first.add("a", {1});
  same.add("a", {1});
  EXPECT_EQ(refusal_of([&] { open_bank(joined(first, other)); }),
            "bank = " + other.path().string() + ": was made by other, expected the encoder of " +
                first.path().string() + ", clip");
  EXPECT_TRUE(contains(refusal_of([&] { open_bank(joined(first, wide)); }), "was made by clip"));
  EXPECT_TRUE(contains(refusal_of([&] { open_bank(joined(first, same)); }), "has the video a, as"));
  EXPECT_TRUE(contains(refusal_of([&] { open_bank(first.path().string() + ":/none"); }),
                       "bank = /none: does not exist"));
}

TEST(JoinedBanks, AFolderWithAColonInItsNameIsOneBank) {
  const testing::TemporaryFolder folder;
  BankFolder bank(3);
  bank.add("a", {1});
  std::filesystem::copy(bank.path(), folder.path() / "x:y");
  EXPECT_TRUE(holds(open_bank((folder.path() / "x:y").string()).videos(), {"a"}));
}

/// Labels of EXPR by image names; each value is its place in the list.
std::vector<LabelSet> labels_of(const std::string& video, std::vector<std::string> names) {
  LabelSet set{.task = expr_task()};
  VideoLabels& labels = set.videos.emplace_back(VideoLabels{.video = video});
  for (std::size_t i = 0; i < names.size(); ++i) {
    labels.values.push_back(static_cast<double>(i));
    labels.groups.push_back(static_cast<std::int32_t>(i));
    labels.weights.push_back(static_cast<double>(i));
  }
  labels.names = std::move(names);
  return {set};
}

/// A folder of photos that the bank numbers by order.
void add_photos(BankFolder& bank, const std::string& video, std::vector<std::string> names) {
  VideoRecord record;
  for (std::size_t i = 0; i < names.size(); ++i) {
    record.frames.push_back(static_cast<std::int32_t>(i) + 1);
    record.embeddings.insert(record.embeddings.end(), 3, half_from_float(1));
  }
  record.names = std::move(names);
  bank.add(video, record);
}

TEST(ImageNumbers, OfPhotosAreThoseThatTheBankKeeps) {
  BankFolder folder(3);
  add_photos(folder, "p", {"anna 7.jpg", "bob 7.jpg", "cy.jpg"});
  auto labels = labels_of("p", {"anna 7.jpg", "bob 7.jpg", "cy.jpg", "dan 2.jpg"});
  std::swap(labels[0].videos[0].names[0], labels[0].videos[0].names[2]);
  number_images(labels, folder.bank());
  const VideoLabels& found = labels[0].videos[0];
  EXPECT_TRUE(holds(found.frames, {1, 2, 3, 4})) << "what the bank lacks comes last";
  EXPECT_TRUE(holds(found.names, {"anna 7.jpg", "bob 7.jpg", "cy.jpg", "dan 2.jpg"}));
  EXPECT_TRUE(holds(found.values, {2, 1, 0, 3}));
  EXPECT_TRUE(holds(found.groups, {2, 1, 0, 3}));
  EXPECT_TRUE(holds(found.weights, {2, 1, 0, 3}));
}

TEST(ImageNumbers, OfFilmsAreTheDigitsOfTheirNames) {
  BankFolder folder(3);
  folder.add("v", {1, 2, 30});
  auto labels = labels_of("v", {"00030.jpg", "f_2.png", "cover.jpg", "2.jpg"});
  number_images(labels, folder.bank());
  const VideoLabels& found = labels[0].videos[0];
  EXPECT_TRUE(holds(found.frames, {2, 30, 31, 32}));
  EXPECT_TRUE(holds(found.names, {"f_2.png", "00030.jpg", "cover.jpg", "2.jpg"}))
      << "one without a number, or with another's, counts as one without an embedding";
}

TEST(ImageNumbers, LeaveRowsOfFramesAlone) {
  BankFolder folder(3);
  folder.add("v", {1});
  std::vector<LabelSet> labels = {{.task = expr_task()}};
  labels[0].videos = {{.video = "w", .frames = {3, 9}, .values = {0, 1}}};
  number_images(labels, folder.bank());
  EXPECT_TRUE(holds(labels[0].videos[0].frames, {3, 9}));
}

TEST(ImageNumbers, OfNoFolderBelongToTheOnlyVideo) {
  BankFolder folder(3);
  add_photos(folder, "p", {"a.jpg", "b.jpg"});
  auto labels = labels_of("", {"b.jpg", "a.jpg"});
  number_images(labels, folder.bank());
  EXPECT_EQ(labels[0].videos[0].video, "p");
  EXPECT_TRUE(holds(labels[0].videos[0].values, {1, 0}));
  folder.add("q", {1});
  auto again = labels_of("", {"b.jpg"});
  EXPECT_EQ(refusal_of([&] { number_images(again, folder.bank()); }),
            "annotations = b.jpg: names no folder, and the bank " + folder.path().string() +
                " has 2 of them: expected folder/image");
}

TEST(ImageNumbers, NoneIsLeftBehindTheLargest) {
  BankFolder folder(3);
  folder.add("v", {1});
  auto labels = labels_of("v", {"2147483647.jpg", "cover.jpg"});
  EXPECT_TRUE(contains(refusal_of([&] { number_images(labels, folder.bank()); }),
                       "annotations = v/cover.jpg: has no number left in its folder"));
}

TEST(ImageNumbers, ComeFromTheJoinedBankThatHasTheFolder) {
  BankFolder first(3), second(3);
  first.add("v", {5});
  add_photos(second, "p", {"x 9.jpg", "y 1.jpg"});
  auto labels = labels_of("p", {"y 1.jpg"});
  number_images(labels, open_bank(joined(first, second)));
  EXPECT_TRUE(holds(labels[0].videos[0].frames, {2}));
}

}  // namespace
}  // namespace mien
