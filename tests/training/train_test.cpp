#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "mien/training/trainer.h"
#include "one_thread.h"  // a forked training cannot wait for its parent's threads
#include "training/small_data.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::random_dataset;
using testing::refusal_of;
using testing::TemporaryFolder;

class TrainTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_verbosity(log::Verbosity::kQuiet); }

  TrainOptions options_ = [] {
    TrainOptions options;
    options.tasks = {expr_task(), au_task()};
    options.head = {.layers = 2, .width = 6, .dropout = .4};
    options.epochs = 6;
    options.batch_size = 8;
    return options;
  }();
  Dataset training_ = random_dataset(5, 50, 1);
  Dataset validation_ = random_dataset(5, 30, 2);

  TrainSummary train_in(const fs::path& run, bool resume = false) {
    HeadMetadata metadata;
    metadata.shape = HeadShape::from(options_.head, 5, options_.tasks);
    fs::create_directories(run);
    return train(options_, training_, validation_, RunFolder(run), metadata, "cpu", resume);
  }
};

/// metrics.csv without its two columns of time.
std::string timeless_metrics(const fs::path& run) {
  const std::string text = read_text(run / "metrics.csv");
  const auto lines = lines_of(text);
  const auto header = split(lines.front(), ',');
  std::string out;
  for (const std::string_view line : lines) {
    const auto fields = split(line, ',');
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (header[i] == "seconds" || header[i] == "samples_per_second") continue;
      out += std::string(fields[i]) + ",";
    }
    out += "\n";
  }
  return out;
}

void expect_same_run(const fs::path& found, const fs::path& expected) {
  EXPECT_EQ(timeless_metrics(found), timeless_metrics(expected));
  for (const char* name : {"best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(read_text(found / name) == read_text(expected / name)) << name;
  }
}

TEST_F(TrainTest, LeavesWeightsStateAndMetrics) {
  const TemporaryFolder folder;
  const TrainSummary summary = train_in(folder.path());
  EXPECT_EQ(summary.state.epoch(), 6);
  EXPECT_EQ(summary.state.step, 6 * 7) << "50 rows: six batches of 8 and one of 2";
  EXPECT_EQ(summary.samples, 6 * 50);
  EXPECT_FALSE(summary.stopped_early);
  const std::string metrics = read_text(folder.path() / "metrics.csv");
  EXPECT_EQ(lines_of(metrics).size(), 7U);
  const HeadMetadata last = read_head_metadata(folder.path() / "last.safetensors");
  EXPECT_EQ(last.epoch, 6);
  EXPECT_EQ(last.metrics.at("validation_expr_f1"), *summary.last().tasks.at(0).metric);
  const HeadMetadata best = read_head_metadata(folder.path() / "best.safetensors");
  EXPECT_EQ(best.epoch, summary.state.best_epoch);
  EXPECT_EQ(best.metrics.at("validation_au_f1"), *summary.best().tasks.at(1).metric);
  for (const EpochRecord& record : summary.state.history) {
    EXPECT_LE((*record.tasks.at(0).metric + *record.tasks.at(1).metric) / 2,
              summary.state.best_value);
  }
}

TEST_F(TrainTest, IsTheSameEachTime) {
  const TemporaryFolder first, second;
  train_in(first.path());
  train_in(second.path());
  expect_same_run(second.path(), first.path());
  options_.seed = 6;
  train_in(second.path());
  EXPECT_NE(timeless_metrics(second.path()), timeless_metrics(first.path()));
}

TEST_F(TrainTest, StopsAfterEpochsWithoutGainAndGoesOnWhenResumed) {
  const TemporaryFolder whole, stopped;
  options_.epochs = 12;
  train_in(whole.path());
  options_.early_stop = 1;
  const TrainSummary summary = train_in(stopped.path());
  ASSERT_TRUE(summary.stopped_early);
  EXPECT_LT(summary.state.epoch(), 12);
  EXPECT_EQ(summary.state.epoch(), summary.state.best_epoch + 1);
  options_.early_stop = 0;
  EXPECT_EQ(train_in(stopped.path(), true).state.epoch(), 12);
  expect_same_run(stopped.path(), whole.path());
}

/// Trains in a process of its own that gets SIGTERM after `epochs` epochs; its exit code.
template <class Train>
int exit_code_when_stopped(const fs::path& run, std::size_t epochs, Train train_once) {
  const pid_t child = ::fork();
  if (child == 0) {
    catch_interrupts();
    std::thread([&] {
      const auto done = [&] {
        if (!fs::exists(run / "metrics.csv")) return std::size_t{0};
        const std::string text = read_text(run / "metrics.csv");
        return lines_of(text).size() - 1;
      };
      while (done() < epochs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::raise(SIGTERM);
    }).detach();
    try {
      train_once();
    } catch (const Interrupted&) {
      std::_Exit(130);
    } catch (...) {
      std::_Exit(3);
    }
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(TrainTest, InterruptedAndResumedIsBitForBitTheWhole) {
  const TemporaryFolder whole, cut;
  options_.epochs = 30;
  train_in(whole.path());
  for (const std::size_t epochs : {0U, 1U, 5U}) {
    ASSERT_EQ(exit_code_when_stopped(cut.path(), epochs, [&] { train_in(cut.path(), epochs > 0); }),
              130);
  }
  const TrainSummary summary = train_in(cut.path(), true);
  EXPECT_EQ(summary.state.epoch(), 30);
  expect_same_run(cut.path(), whole.path());
}

TEST_F(TrainTest, SoItIsWithLearnedTaskWeightsAndAMovingAlpha) {
  const std::vector<Task> tasks = {expr_task(), au_task(), va_task()};
  training_ = random_dataset(5, 50, 1, tasks);
  validation_ = random_dataset(5, 30, 2, tasks);
  options_.tasks = tasks;
  options_.loss.task_weighting = "learned";
  options_.loss.cvar_alpha_epochs = 20;
  const TemporaryFolder whole, cut;
  options_.epochs = 24;
  EXPECT_TRUE(train_in(whole.path()).best().tasks.at(2).metric.has_value());
  ASSERT_EQ(exit_code_when_stopped(cut.path(), 3, [&] { train_in(cut.path()); }), 130);
  train_in(cut.path(), true);
  expect_same_run(cut.path(), whole.path());
  const auto changed = [&](auto change) {
    const ObjectiveOptions before = options_.loss;
    const TemporaryFolder other;
    change(options_.loss);
    train_in(other.path());
    options_.loss = before;
    return timeless_metrics(other.path()) != timeless_metrics(whole.path());
  };
  EXPECT_TRUE(changed([](ObjectiveOptions& loss) { loss.cvar_alpha_epochs = 0; }));
  EXPECT_TRUE(changed([](ObjectiveOptions& loss) { loss.task_weighting = "fixed"; }));
  EXPECT_TRUE(changed([](ObjectiveOptions& loss) { loss.task_weights = {1, 1, 2}; }));
}

TEST_F(TrainTest, ResumingAFinishedRunChangesNothing) {
  const TemporaryFolder folder;
  train_in(folder.path());
  const std::string weights = read_text(folder.path() / "last.safetensors");
  const TrainSummary summary = train_in(folder.path(), true);
  EXPECT_EQ(summary.state.epoch(), 6);
  EXPECT_EQ(read_text(folder.path() / "last.safetensors"), weights);
}

TEST_F(TrainTest, ResumingWithoutACheckpointStartsOver) {
  const TemporaryFolder fresh, empty;
  train_in(fresh.path());
  train_in(empty.path(), true);
  expect_same_run(empty.path(), fresh.path());
}

TEST_F(TrainTest, RefusesToResumeWithOtherData) {
  const TemporaryFolder folder;
  train_in(folder.path());
  options_.epochs = 8;
  training_ = random_dataset(5, 50, 9);
  EXPECT_TRUE(
      contains(refusal_of([&] { train_in(folder.path(), true); }),
               "--resume = " + folder.path().string() + ": the bank or the labels changed since"));
}

TEST_F(TrainTest, RefusesToResumeAnotherHeadOrADamagedState) {
  const TemporaryFolder folder;
  train_in(folder.path());
  options_.head.width = 7;
  EXPECT_TRUE(
      contains(refusal_of([&] { train_in(folder.path(), true); }), "parameters has the shape ["));
  folder.write("state.safetensors", "damaged");
  EXPECT_TRUE(contains(refusal_of([&] { train_in(folder.path(), true); }), "state.safetensors"));
}

TEST_F(TrainTest, SaysWhenTheLossIsNoLongerANumber) {
  const TemporaryFolder folder;
  options_.optimizer.lr = 1e30;
  options_.schedule.kind = "constant";
  options_.schedule.warmup_epochs = 0;
  const std::string refusal = refusal_of([&] { train_in(folder.path()); });
  EXPECT_TRUE(contains(refusal, "expected a finite number at step "));
  EXPECT_TRUE(contains(refusal, " (epoch 1, batch "));
  EXPECT_TRUE(contains(refusal, "no epoch was finished; a lower optimizer.lr"));
}

TEST_F(TrainTest, AnAverageIsKeptAcrossAResume) {
  const TemporaryFolder whole, cut;
  options_.ema = .9;
  options_.sam.every = 2;
  options_.schedule = {.kind = "constant", .warmup_epochs = 0};
  const TrainSummary summary = train_in(whole.path());
  for (const EpochRecord& record : summary.state.history) EXPECT_TRUE(record.ema_loss);
  options_.epochs = 3;
  train_in(cut.path());
  options_.epochs = 6;
  train_in(cut.path(), true);
  expect_same_run(cut.path(), whole.path());
  options_.epochs = 5;
  EXPECT_TRUE(contains(refusal_of([&] { train_in(cut.path(), true); }),
                       "epochs = 5: expected at least the 6 that"));
}

TEST_F(TrainTest, BestHoldsTheBetterOfWeightsAndAverage) {
  const TemporaryFolder folder;
  options_.ema = .95;
  options_.select = "loss";
  const TrainSummary summary = train_in(folder.path());
  double lowest = INFINITY;
  for (const EpochRecord& record : summary.state.history) {
    lowest = std::min({lowest, record.validation_loss, *record.ema_loss});
  }
  EXPECT_EQ(summary.best().validation_loss, lowest);
  const HeadMetadata best = read_head_metadata(folder.path() / "best.safetensors");
  EXPECT_EQ(best.metrics.at("validation_loss"), lowest);
  EXPECT_EQ(best.weights, summary.state.best_is_average ? "ema" : "raw");
  EXPECT_EQ(read_head_metadata(folder.path() / "last.safetensors").weights, "raw");
}

TEST_F(TrainTest, StartsFromTheWeightsOfInit) {
  const TemporaryFolder first, second;
  train_in(first.path());
  options_.init = (first.path() / "last.safetensors").string();
  options_.epochs = 1;
  train_in(second.path());
  const std::string text = timeless_metrics(second.path());
  options_.init = "";
  train_in(second.path());
  EXPECT_NE(timeless_metrics(second.path()), text);
  options_.init = (first.path() / "lost.safetensors").string();
  EXPECT_TRUE(contains(refusal_of([&] { train_in(second.path()); }),
                       "init = " + options_.init + ": does not exist"));
}

}  // namespace
}  // namespace mien
