#include "mien/data/shards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "expectations.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;

/// A launcher's variables as one test wants them; all others of the kind are unset meanwhile.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& values) {
    for (const char* name : {"RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID",
                             "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT",
                             "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"}) {
      const char* before = std::getenv(name);
      before_[name] = before == nullptr ? "" : before;
      ::unsetenv(name);
    }
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      if (value.empty()) {
        ::unsetenv(name.c_str());
      } else {
        ::setenv(name.c_str(), value.c_str(), 1);
      }
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> before_;
};

std::vector<VideoFrames> videos_of(const std::vector<std::pair<std::string, int>>& lengths) {
  std::vector<VideoFrames> videos;
  for (const auto& [name, frames] : lengths) {
    VideoFrames& video = videos.emplace_back();
    video.name = name;
    for (int frame = 1; frame <= frames; ++frame) video.numbers.push_back(frame);
  }
  return videos;
}

std::vector<std::string> kept(std::vector<VideoFrames> videos, std::int64_t index,
                              std::int64_t count) {
  keep_shard(videos, {index, count, ""});
  std::vector<std::string> names;
  for (const VideoFrames& video : videos) names.push_back(video.name);
  return names;
}

std::string from_environment(const std::map<std::string, std::string>& values) {
  const Environment environment(values);
  std::string answer;
  const std::string refusal = refusal_of([&] {
    const Shard shard = shard_from_environment();
    answer = std::to_string(shard.index) + "/" + std::to_string(shard.count) + " " + shard.origin;
  });
  return refusal == "accepted" ? answer : refusal;
}

TEST(ParseShard, ReadsIndexAndCount) {
  const Shard shard = parse_shard("2/3");
  EXPECT_EQ(shard.index, 2);
  EXPECT_EQ(shard.count, 3);
  EXPECT_EQ(shard.origin, "--shard");
  EXPECT_EQ(parse_shard("0/1").count, 1);
}

TEST(ParseShard, RefusesAnIndexThatIsNoneOfTheShards) {
  EXPECT_EQ(refusal_of([] { parse_shard("3/3"); }), "--shard = 3/3: expected 0/3 to 2/3");
  EXPECT_EQ(refusal_of([] { parse_shard("-1/2"); }), "--shard = -1/2: expected 0/2 to 1/2");
}

TEST(ParseShard, RefusesWhatIsNoPairOfNumbers) {
  for (const char* text : {"1", "a/b", "", "/", "1/", "/2", "0/0", "0/-2", "0/1/2", "1 / 2", "0/2x",
                           "0.5/2", "99999999999999999999/2"}) {
    EXPECT_TRUE(contains(refusal_of([&] { parse_shard(text); }),
                         std::string("--shard = ") + text + ": expected I/N, such as 0/3"));
  }
}

TEST(ShardFromEnvironment, IsTheWholeWithoutALauncher) {
  EXPECT_EQ(from_environment({}), "0/1 ");
}

TEST(ShardFromEnvironment, TakesTorchrunsPairBeforeSlurms) {
  EXPECT_EQ(from_environment({{"RANK", "1"}, {"WORLD_SIZE", "4"}}), "1/4 RANK, WORLD_SIZE");
  EXPECT_EQ(
      from_environment({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "3"}}),
      "2/3 SLURM_PROCID, SLURM_NTASKS");
  EXPECT_EQ(from_environment({{"RANK", "1"},
                              {"WORLD_SIZE", "4"},
                              {"SLURM_STEP_ID", "1"},
                              {"SLURM_PROCID", "2"},
                              {"SLURM_NTASKS", "3"}}),
            "1/4 RANK, WORLD_SIZE");
}

TEST(ShardFromEnvironment, AHalfPairDoesNotCount) {
  EXPECT_EQ(from_environment({{"SLURM_NTASKS", "3"}}), "0/1 ");
  EXPECT_EQ(from_environment({{"WORLD_SIZE", "3"}}), "0/1 ");
  EXPECT_EQ(from_environment({{"RANK", ""}, {"WORLD_SIZE", "3"}}), "0/1 ");
  EXPECT_EQ(from_environment({{"WORLD_SIZE", "3"},
                              {"SLURM_STEP_ID", "0"},
                              {"SLURM_PROCID", "2"},
                              {"SLURM_NTASKS", "3"}}),
            "2/3 SLURM_PROCID, SLURM_NTASKS");
}

TEST(ShardFromEnvironment, SlurmsVariablesCountInAStepOnly) {
  const auto in_step = [](const char* step) {
    return from_environment(
        {{"SLURM_STEP_ID", step}, {"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}});
  };
  EXPECT_EQ(from_environment({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}), "0/1 ");
  for (const char* batch_or_shell : {"", "batch", "interactive", "extern", "4294967291",
                                     "4294967290", "4294967292", "4294967293", "-5"}) {
    EXPECT_EQ(in_step(batch_or_shell), "0/1 ") << batch_or_shell;
  }
  for (const char* step : {"0", "1", "812"}) {
    EXPECT_EQ(in_step(step), "1/4 SLURM_PROCID, SLURM_NTASKS") << step;
  }
}

TEST(ShardFromEnvironment, RefusesWhatIsNoRankAndNamesTheVariable) {
  EXPECT_EQ(from_environment({{"RANK", "x"}, {"WORLD_SIZE", "2"}}),
            "RANK = x: expected 0 to 1 as WORLD_SIZE is 2, or --shard I/N");
  EXPECT_TRUE(contains(from_environment({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), "RANK = 2: "));
  EXPECT_TRUE(contains(from_environment({{"RANK", "-1"}, {"WORLD_SIZE", "2"}}), "RANK = -1: "));
  EXPECT_TRUE(contains(from_environment({{"RANK", "0"}, {"WORLD_SIZE", "0"}}),
                       "WORLD_SIZE = 0: expected a whole number of at least 1"));
  EXPECT_TRUE(contains(
      from_environment({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4(x2)"}}),
      "SLURM_NTASKS = 4(x2): "));
  EXPECT_TRUE(contains(
      from_environment({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "7"}, {"SLURM_NTASKS", "4"}}),
      "SLURM_PROCID = 7: expected 0 to 3"));
}

TEST(KeepShard, GoesLongestFirstToTheLeastLoadedRank) {
  const auto videos = videos_of({{"a", 3}, {"b", 7}, {"c", 5}, {"d", 4}, {"e", 6}});
  // b 7 -> 0, e 6 -> 1, c 5 -> 1 (6 < 7), d 4 -> 0 (7 < 11), a 3 -> 0 (11, 11: the lowest)
  EXPECT_TRUE(holds(kept(videos, 0, 2), {"a", "b", "d"}));
  EXPECT_TRUE(holds(kept(videos, 1, 2), {"c", "e"}));
}

TEST(KeepShard, BreaksTiesByName) {
  const auto videos = videos_of({{"b", 2}, {"B", 2}, {"a", 2}});
  EXPECT_TRUE(holds(kept(videos, 0, 3), {"B"}));
  EXPECT_TRUE(holds(kept(videos, 1, 3), {"a"}));
  EXPECT_TRUE(holds(kept(videos, 2, 3), {"b"}));
}

TEST(KeepShard, MoreShardsThanVideosLeavesSomeWithout) {
  const auto videos = videos_of({{"a", 3}, {"b", 0}, {"c", 1}});
  EXPECT_TRUE(kept(videos, 5, 1'000'000'000'000).empty());
  EXPECT_TRUE(holds(kept(videos, 0, 1'000'000'000'000), {"a"}));
  EXPECT_TRUE(kept({}, 0, 2).empty());
}

TEST(KeepShard, CountsItsShare) {
  auto videos = videos_of({{"a", 1200}, {"b", 700}, {"c", 600}});
  const Shard shard{1, 2, "--shard"};
  const ShardShare share = keep_shard(videos, shard);
  EXPECT_EQ(share.videos, 2);
  EXPECT_EQ(share.images, 1300);
  EXPECT_EQ(shard_text(shard, share), "shard 1/2: 2 of 3 videos, 1,300 of 2,500 images (--shard)");
}

TEST(KeepShard, PartitionsEvenlyWhateverTheOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<std::string, int>> lengths;
    std::int64_t total = 0, longest = 0;
    for (std::uint32_t v = 0, n = random() % 40; v < n; ++v) {
      lengths.emplace_back("v" + std::to_string(v), random() % 60);
      total += lengths.back().second;
      longest = std::max<std::int64_t>(longest, lengths.back().second);
    }
    const std::int64_t count = 1 + random() % 9;
    const auto videos = videos_of(lengths);
    std::shuffle(lengths.begin(), lengths.end(), random);
    const auto shuffled = videos_of(lengths);
    std::multiset<std::string> all;
    for (std::int64_t index = 0; index < count; ++index) {
      auto part = videos;
      const ShardShare share = keep_shard(part, {index, count, ""});
      EXPECT_LE(share.images * count, total + longest * count);
      const auto names = kept(videos, index, count), others = kept(shuffled, index, count);
      EXPECT_TRUE(std::ranges::is_permutation(names, others));
      all.insert(names.begin(), names.end());
    }
    EXPECT_EQ(all.size(), videos.size());
    for (const VideoFrames& video : videos) EXPECT_EQ(all.count(video.name), 1U);
  }
}

TEST(KeepShard, KeepsTheOrderOfTheVideos) {
  std::mt19937 random(8);
  std::vector<std::pair<std::string, int>> lengths;
  for (int v = 0; v < 30; ++v) lengths.emplace_back(std::to_string(100 + v), random() % 9);
  for (std::int64_t index = 0; index < 4; ++index) {
    EXPECT_TRUE(std::ranges::is_sorted(kept(videos_of(lengths), index, 4)));
  }
}

std::pair<std::int64_t, std::int64_t> task_of_array(const std::string& id, const std::string& count,
                                                    const std::string& first,
                                                    const std::string& step) {
  const Environment environment({{"SLURM_ARRAY_TASK_ID", id},
                                 {"SLURM_ARRAY_TASK_COUNT", count},
                                 {"SLURM_ARRAY_TASK_MIN", first},
                                 {"SLURM_ARRAY_TASK_STEP", step}});
  const Shard shard = shard_from_array();
  return {shard.index, shard.count};
}

TEST(ShardFromArray, CountsTheTasksFromTheFirst) {
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(task_of_array("0", "3", "0", "1"), Pair(0, 3));
  EXPECT_EQ(task_of_array("3", "3", "1", "1"), Pair(2, 3));
  EXPECT_EQ(task_of_array("9", "5", "1", "2"), Pair(4, 5));
}

TEST(ShardFromArray, OutsideOfAnArrayIsTheLaunchers) {
  const Environment environment({{"RANK", "1"}, {"WORLD_SIZE", "4"}});
  EXPECT_EQ(shard_from_array().index, 1);
  EXPECT_EQ(shard_from_array().count, 4);
}

TEST(ShardFromArray, RefusesATaskWhosePlaceCannotBeTold) {
  for (const char* id : {"2", "0", "11", "x"}) {
    EXPECT_TRUE(contains(refusal_of([&] { task_of_array(id, "5", "1", "2"); }),
                         std::string("SLURM_ARRAY_TASK_ID = ") + id))
        << id;
  }
}

}  // namespace
}  // namespace mien
