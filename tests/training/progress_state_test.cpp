#include "mien/training/progress_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <thread>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/folder_lock.h"
#include "mien/data/challenge.h"
#include "mien/training/run_folder.h"
#include "mien/training/validate.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

TEST(TrainingStateTest, TheFirstEpochIsBestUntilABetterOneComes) {
  TrainingState state;
  EXPECT_TRUE(state.add({.epoch = 1}, .3));
  EXPECT_FALSE(state.add({.epoch = 2}, .2));
  EXPECT_FALSE(state.add({.epoch = 3}, .3)) << "the first of equals stays best";
  EXPECT_TRUE(state.add({.epoch = 4}, .31));
  EXPECT_EQ(state.best_epoch, 4);
  EXPECT_EQ(state.best_value, .31);
  EXPECT_EQ(state.epoch(), 4);
}

TEST(TrainingStateTest, ValuesBelowZeroAndNanNeverConfuseIt) {
  TrainingState state;
  EXPECT_TRUE(state.add({.epoch = 1}, -5));
  EXPECT_FALSE(state.add({.epoch = 2}, std::nan("")));
  EXPECT_TRUE(state.add({.epoch = 3}, -4));
  EXPECT_EQ(state.best_epoch, 3);
}

TEST(TrainingStateTest, RemembersWhetherTheBestIsAnAverage) {
  TrainingState state;
  state.add({.epoch = 1}, .3, true);
  EXPECT_TRUE(state.best_is_average);
  state.add({.epoch = 2}, .2, false);
  EXPECT_TRUE(state.best_is_average) << "epoch 1 still is the best";
  state.add({.epoch = 3}, .4, false);
  EXPECT_FALSE(state.best_is_average);
}

TEST(TrainingStateTest, AddsUpSeconds) {
  TrainingState state;
  state.add({.epoch = 1, .seconds = 1.5}, 0);
  state.add({.epoch = 2, .seconds = 2}, 0);
  EXPECT_EQ(state.train_seconds(), 3.5);
}

TEST(MetricsCsv, HasALineAnEpochAndEmptyColumnsForMissingTasks) {
  const std::string header =
      "epoch,lr,train_loss,validation_loss,validation_expr_f1,validation_au_f1,"
      "validation_va_ccc,seconds,"
      "samples_per_second,gradient_norm,sharpness,cvar_level_expr,cvar_level_au,"
      "validation_ema_loss,validation_ema_expr_f1,validation_ema_au_f1,validation_ema_va_ccc\n";
  EXPECT_EQ(metrics_csv({}), header);
  EpochRecord first{.epoch = 1,
                    .lr = 1e-3,
                    .train_loss = .5,
                    .validation_loss = .25,
                    .tasks = {{.task = expr_task(), .metric = .125, .cvar_level = 2},
                              {.task = va_task(), .metric = -.5}},
                    .seconds = 1.23456,
                    .samples_per_second = 789.06};
  EpochRecord second{
      .epoch = 2,
      .lr = 1e-5,
      .train_loss = 1. / 3,
      .validation_loss = 2,
      .tasks = {{.task = au_task(), .metric = 0, .ema_metric = .5, .cvar_level = .75},
                {.task = expr_task(), .ema_metric = .375}},
      .seconds = 2,
      .samples_per_second = 3};
  first.gradient_norm = 1.5;
  first.sharpness = -.25;
  second.ema_loss = 3;
  EXPECT_EQ(metrics_csv({first, second}),
            header +
                "1,0.001,0.5,0.25,0.125,,-0.5,1.235,789.1,1.5,-0.25,2,,,,,\n"
                "2,1e-05,0.3333333333333333,2,,0,,2.000,3.0,,,,0.75,3,"
                "0.375,0.5,\n");
}

TEST(MetricsCsv, HasTheColumnsOfTasksThatAreDeclared) {
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy"});
  const Task stars("stars", TaskKind::kContinuous, {"stars"}, {0, 5});
  const EpochRecord record{
      .epoch = 1,
      .tasks = {{.task = mood, .metric = .5, .cvar_level = 2}, {.task = stars, .metric = .25}}};
  const std::string csv = metrics_csv({record});
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "epoch,lr,train_loss,validation_loss,validation_mood_f1,validation_stars_ccc,seconds,"
            "samples_per_second,gradient_norm,sharpness,cvar_level_mood,validation_ema_loss,"
            "validation_ema_mood_f1,validation_ema_stars_ccc");
  EXPECT_EQ(csv.substr(csv.find('\n') + 1), "1,0,0,0,0.5,0.25,0.000,0.0,,,2,,,\n");
  EXPECT_EQ(task_metrics_text(record), "  mood F1 0.5000  stars CCC 0.2500");
}

TEST(TaskMetrics, NameTheTrainedTasks) {
  const EpochRecord record{
      .tasks = {{.task = expr_task(), .metric = .25}, {.task = va_task(), .metric = -.12345}}};
  EXPECT_EQ(task_metrics_text(record), "  EXPR F1 0.2500  VA CCC -0.1235");
  const EpochRecord one{.tasks = {{.task = au_task(), .metric = .5}}};
  const auto reported = reported_tasks(one);
  ASSERT_EQ(reported.size(), 3U) << "files have columns for the challenge's others too";
  for (const EpochTask& task : reported) {
    EXPECT_EQ(task.metric.has_value(), task.task == au_task());
  }
}

TEST(ValidationResultTest, IsJudgedBySelect) {
  const ValidationResult both{.loss = 2, .metrics = {{"expr_f1", .25}, {"au_f1", .75}}};
  EXPECT_EQ(both.value_of("f1"), .5);
  EXPECT_EQ(both.value_of("expr_f1"), .25);
  EXPECT_EQ(both.value_of("au_f1"), .75);
  EXPECT_EQ(both.value_of("loss"), -2);
  for (const auto& [key, value] : std::map<std::string, double>{
           {"expr_f1", .25}, {"au_f1", .75}, {"va_ccc", -.25}, {"mood_ccc", -.5}}) {
    EXPECT_EQ((ValidationResult{.metrics = {{key, value}}}.value_of("f1")), value) << key;
  }
  const ValidationResult all{.metrics = {{"expr_f1", .25}, {"au_f1", .75}, {"va_ccc", .5}}};
  EXPECT_EQ(all.value_of("f1"), .5);
  EXPECT_EQ(all.value_of("va_ccc"), .5);
}

TEST(RunFolderTest, IsMadeOnce) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path() / "a" / "run");
  run.open(false);
  EXPECT_TRUE(fs::is_directory(run.path()));
  folder.write("a/run/.config.yaml.1.tmp", "");
  EXPECT_NO_THROW(run.clear(false, "")) << "nothing but a killed process's temporary";
  write_text(run.config(), "");
  EXPECT_EQ(refusal_of([&] { run.clear(false, ""); }),
            "--out = " + run.path().string() +
                ": exists already; give another name, --resume or --force");
}

TEST(RunFolderTest, ForceRemovesAnOlderRunAndNothingElse) {
  const TemporaryFolder folder;
  for (const char* name :
       {"config.yaml", "record.json", "log.txt", "metrics.csv", "best.safetensors",
        "last.safetensors", "state.safetensors", "events.out.tfevents.17.host.3", "decisions.json",
        "report.html", "evaluation/x", "notes.txt"}) {
    folder.write(name, "old");
  }
  RunFolder(folder.path()).clear(true, "");
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename());
  }
  EXPECT_TRUE(testing::holds(left, {"notes.txt"}));
}

TEST(RunFolderTest, ForceDoesNotTouchAFolderThatIsNoRun) {
  const TemporaryFolder folder;
  folder.write("best.safetensors", "precious");
  EXPECT_TRUE(contains(refusal_of([&] { RunFolder(folder.path()).clear(true, ""); }),
                       "is no run (it has no config.yaml), --force does not touch it"));
  EXPECT_TRUE(fs::exists(folder.path() / "best.safetensors"));
}

TEST(RunFolderTest, ForceKeepsTheWeightsThatTheNewRunStartsFrom) {
  const TemporaryFolder folder;
  folder.write("config.yaml", "");
  const auto init = folder.write("best.safetensors", "precious");
  EXPECT_TRUE(contains(refusal_of([&] { RunFolder(folder.path()).clear(true, init); }),
                       "lies in the run that --force would replace"));
  EXPECT_TRUE(fs::exists(init));
}

TEST(FolderLockTest, KeepsASecondHolderOutUntilTheFirstIsGone) {
  const TemporaryFolder folder;
  {
    const FolderLock lock(folder.path(), "--out");
    EXPECT_TRUE(contains(refusal_of([&] { FolderLock(folder.path(), "--out"); }),
                         "is in use by another process"));
  }
  EXPECT_NO_THROW(FolderLock(folder.path(), "--out"));
}

TEST(FolderLockTest, WaitsForItsTurnWhenToldTo) {
  const TemporaryFolder folder;
  std::atomic<bool> is_free = false;
  auto first = std::make_unique<FolderLock>(folder.path(), "--bank");
  std::jthread second([&] {
    const FolderLock lock(folder.path(), "--bank", IfHeld::kWait);
    EXPECT_TRUE(is_free);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  is_free = true;
  first.reset();
}

TEST(RunFolderTest, ResumingNeedsTheFolder) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(RunFolder(folder.path()).open(true));
  EXPECT_TRUE(contains(refusal_of([&] { RunFolder(folder.path() / "no").open(true); }),
                       "does not exist, expected the folder of a run to resume"));
  EXPECT_TRUE(contains(refusal_of([&] { RunFolder(folder.write("file", "")).open(true); }),
                       "expected the folder of a run to resume"));
}

}  // namespace
}  // namespace mien
