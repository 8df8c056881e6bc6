#include "mien/training/options.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

TrainOptions good_options() {
  TrainOptions options;
  options.bank = {"/bank"};
  options.annotations = "/labels";
  return options;
}

template <class Change>
std::string refusal(Change change) {
  TrainOptions options = good_options();
  change(options);
  return refusal_of([&] { check(options); });
}

std::string override_refusal(const std::string& assignment) {
  TrainOptions options = good_options();
  Fields fields = declare_fields(options);
  return refusal_of([&] { fields.read_override(assignment); });
}

TEST(TrainOptionsTest, HaveTheContractsKeysAndDefaults) {
  TrainOptions options;
  const Fields fields = declare_fields(options);
  const std::string help = fields.help();
  for (const char* key : {"bank [[]]",
                          "annotations [\"\"]",
                          "tasks [[expr]]",
                          "split.train [official]",
                          "split.validation [official]",
                          "split.folds [0]",
                          "split.fold [0]",
                          "split.group [\"\"]",
                          "head.layers [3]",
                          "head.width [0]",
                          "head.dropout [0.6]",
                          "loss.cvar.alpha [0.5]",
                          "loss.cvar.alpha_start [1]",
                          "loss.cvar.alpha_epochs [0]",
                          "loss.cvar.pool [element]",
                          "loss.auc.weight [0]",
                          "loss.auc.margin [0.6]",
                          "loss.auc.power [2]",
                          "loss.class_weights [none]",
                          "loss.label_smoothing [0]",
                          "loss.logit_adjustment [0]",
                          "loss.focal [0]",
                          "loss.continuous [ccc]",
                          "loss.task_weights [[1, 1]]",
                          "loss.task_weighting [fixed]",
                          "optimizer.lr [0.001]",
                          "optimizer.weight_decay [1e-04]",
                          "optimizer.betas [[0.9, 0.999]]",
                          "optimizer.eps [1e-08]",
                          "sam.rho [0.05]",
                          "sam.adaptive [false]",
                          "sam.same_dropout [false]",
                          "schedule.kind [cosine]",
                          "schedule.warmup_epochs [1]",
                          "schedule.min_lr [1e-05]",
                          "epochs [32]",
                          "batch_size [512]",
                          "shuffle [true]",
                          "sampler [shuffle]",
                          "seed [5]",
                          "early_stop [0]",
                          "precision [fp32]",
                          "init [\"\"]"}) {
    EXPECT_TRUE(contains(help, std::string("  ") + key)) << key;
  }
}

TEST(TrainOptionsTest, GoodOnesPass) {
  EXPECT_NO_THROW(check(good_options()));
  TrainOptions options = good_options();
  options.tasks = {au_task(), expr_task()};
  options.split.folds = 3;
  options.split.fold = 2;
  options.select = "au_f1";
  EXPECT_NO_THROW(check(options));
  options.tasks = {va_task(), expr_task(), au_task()};
  options.select = "va_ccc";
  EXPECT_NO_THROW(check(options)) << "the default weights do for any number of tasks";
}

TEST(TrainOptionsRefusal, OfMissingPaths) {
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) { o.bank.clear(); }), "bank = (nothing)"));
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) { o.bank = {""}; }), "bank = (nothing)"));
  EXPECT_TRUE(
      contains(refusal([](TrainOptions& o) { o.annotations = ""; }), "annotations = (nothing)"));
}

TEST(TrainOptionsRefusal, OfNoTasksOrOneTwice) {
  EXPECT_TRUE(contains(override_refusal("tasks=[]"), "tasks = []: expected some of expr, au, va"));
  EXPECT_TRUE(contains(override_refusal("tasks=[au,au]"),
                       "tasks = au: is there twice, expected each task once"));
}

TEST(TrainOptionsRefusal, OfFoldsThatAreNone) {
  const auto with = [](std::int64_t folds, std::int64_t fold) {
    return refusal([&](TrainOptions& o) { o.split.folds = folds, o.split.fold = fold; });
  };
  EXPECT_TRUE(contains(with(1, 0), "at least 2 folds; split.folds = 1"));
  EXPECT_TRUE(contains(with(5, 5), "split.fold = 5: expected 0 <= fold < split.folds"));
  EXPECT_TRUE(contains(with(0, 2), "split.fold = 2"));
  EXPECT_EQ(with(2, 1), "accepted");
}

TEST(TrainOptionsRefusal, OfListsOfAWrongLength) {
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) { o.optimizer.betas = {.9}; }),
                       "optimizer.betas = 1 numbers: expected two"));
}

TEST(TrainOptionsRefusal, OfKeysThatContradictEachOther) {
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) { o.loss.focal = o.loss.label_smoothing = .1; }),
                       "loss.focal = 0.1: expected 0"));
  EXPECT_EQ(refusal([](TrainOptions& o) { o.schedule.min_lr = .01; }),
            "schedule.min_lr = 0.01: expected at most optimizer.lr = 0.001");
  for (const std::string select : {"au_f1", "va_ccc", "mean"}) {
    EXPECT_TRUE(contains(refusal([&](TrainOptions& o) { o.select = select; }),
                         "select = " + select + ": expected one of f1, loss, expr_f1"));
  }
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) {
                         o.loss.task_weights = {0, 1};
                         o.loss.task_weighting = "learned";
                       }),
                       "loss.task_weights = 0: expected weights above 0"));
}

TEST(TrainOptionsTest, TasksAndSourcesAreReadFromYaml) {
  const testing::TemporaryFolder folder;
  const auto file = folder.write("c.yaml",
                                 "bank: /bank\n"
                                 "annotations:\n"
                                 "  - /a.csv\n"
                                 "  - path: /b\n"
                                 "    bank: [/bank2]\n"
                                 "    map: {mood: {joy: happy, 7: }}\n"
                                 "tasks:\n"
                                 "  - expr\n"
                                 "  - {name: mood, kind: classes, labels: [sad, happy, 1]}\n"
                                 "  - {name: stars, kind: continuous, labels: [n], range: [0, 5]}\n"
                                 "select: stars_ccc\n"
                                 "sampler: balanced\n"
                                 "loss: {cvar: {pool: per_au}, va: mse}\n");
  TrainOptions options;
  declare_fields(options).read_yaml(file);
  check(options);
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy", "1"});
  const Task stars("stars", TaskKind::kContinuous, {"n"}, {0, 5});
  EXPECT_EQ(options.tasks, (std::vector{expr_task(), mood, stars}));
  ASSERT_EQ(options.annotations.sources.size(), 2U);
  EXPECT_EQ(options.annotations.sources[1].map.at("mood").at("7"), "");
  EXPECT_EQ(options.loss.cvar_pool, "per_output");
  EXPECT_EQ(options.loss.continuous, "mse");
  TrainOptions again;
  declare_fields(again).read_yaml(folder.write("d.yaml", declare_fields(options).to_yaml(false)));
  EXPECT_EQ(again.tasks, options.tasks);
  EXPECT_EQ(again.annotations, options.annotations);
  EXPECT_EQ(declare_fields(again).to_yaml(false), declare_fields(options).to_yaml(false));
}

TEST(TrainOptionsRefusal, OfASamplerWithoutCells) {
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) {
                         o.tasks = {va_task()};
                         o.sampler = "balanced";
                       }),
                       "sampler = balanced: expected a task of classes or binary outputs"));
  EXPECT_TRUE(contains(refusal([](TrainOptions& o) {
                         o.sampler = "balanced";
                         o.shuffle = false;
                       }),
                       "sampler = balanced: expected shuffle = true"));
  EXPECT_TRUE(contains(override_refusal("sampler=balance"), "did you mean balanced?"));
}

TEST(TrainOptionsRefusal, OfValuesOutOfRange) {
  EXPECT_TRUE(contains(override_refusal("batch_size=1"), "batch_size = 1: expected a whole"));
  EXPECT_TRUE(contains(override_refusal("epochs=0"), "epochs = 0"));
  EXPECT_TRUE(contains(override_refusal("optimizer.lr=0"), "a number above 0"));
  EXPECT_TRUE(contains(override_refusal("head.dropout=1"), "in [0, 1)"));
  EXPECT_TRUE(contains(override_refusal("sam.rho=-1"), "at least 0"));
  EXPECT_TRUE(contains(override_refusal("seed=-1"), "in [0, 4294967295]"));
  EXPECT_TRUE(contains(override_refusal("precision=fp16"), "one of fp32, bf16"));
  EXPECT_TRUE(
      contains(override_refusal("tasks=valence"), "tasks = valence: expected one of expr, au, va"));
  EXPECT_TRUE(contains(override_refusal("lr=1"), "did you mean optimizer.lr?"));
}

}  // namespace
}  // namespace mien
