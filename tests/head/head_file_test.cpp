#include "mien/head/head_file.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "head/small_heads.h"
#include "mien/core/files.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::initialised;
using testing::random_tensor;
using testing::refusal_of;
using testing::small_shape;
using testing::TemporaryFolder;
using testing::values_of;

HeadShape shape_of_both() {
  return small_shape(4, 2, 3, .25, {expr_task(), au_task()});
}

HeadMetadata sample_metadata() {
  HeadMetadata metadata;
  metadata.inputs = {{"clip", "aa", 3}, {"effnet", "bb", 1}};
  metadata.statistics = {{expr_task(), {1, 2, 3, 4, 5, 6, 7, 8}},
                         {au_task(), std::vector<double>(12, .1)}};
  metadata.banks = {"/b/one", "/b/two"};
  metadata.annotations = "/labels";
  metadata.split = {"official", "official", 5, 2};
  metadata.epoch = 7;
  metadata.metrics = {{"validation_loss", 1. / 3}, {"validation_expr_f1", .1 + .2}};
  return metadata;
}

/// The head's tensors as a file, changed by `change`.
template <class Change>
std::string load_refusal(Change change) {
  const TemporaryFolder folder;
  Head head = initialised(shape_of_both(), 1, at::kFloat);
  std::vector<at::Tensor> keep;
  TensorMap tensors = head.tensors(keep);
  change(tensors);
  const auto path = folder.path() / "w.safetensors";
  write_safetensors(path, tensors, {});
  const std::string message = refusal_of([&] { head.load(SafetensorsFile(path)); });
  EXPECT_TRUE(message == "accepted" || contains(message, path.string()));
  return message;
}

TEST(HeadLoad, TakesBackEveryTensor) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  Head head = initialised(shape_of_both(), 1, at::kFloat);
  testing::training_logits(head, random_tensor({9, 4}, 2, at::kFloat), {}, true);
  std::vector<at::Tensor> keep;
  write_safetensors(path, head.tensors(keep), {});
  Head other = initialised(shape_of_both(), 2, at::kFloat);
  other.load(SafetensorsFile(path));
  EXPECT_EQ(values_of(other.parameters()), values_of(head.parameters()));
  EXPECT_EQ(values_of(other.statistics()), values_of(head.statistics()));
  const at::Tensor x = random_tensor({3, 4}, 1, at::kFloat);
  EXPECT_EQ(values_of(other.forward(x)[1]), values_of(head.forward(x)[1]));
}

TEST(HeadLoad, NamesItsTensorsAsTheContractSays) {
  const Head head = initialised(small_shape(4, 1, 3, 0, {au_task()}), 1, at::kFloat);
  std::vector<at::Tensor> keep;
  const TensorMap tensors = head.tensors(keep);
  std::vector<std::string> names;
  for (const auto& [name, view] : tensors) names.push_back(name);
  EXPECT_TRUE(testing::holds(
      names, {"heads.au.bias", "heads.au.weight", "trunk.0.linear.bias", "trunk.0.linear.weight",
              "trunk.0.norm.bias", "trunk.0.norm.running_mean", "trunk.0.norm.running_var",
              "trunk.0.norm.weight"}));
  EXPECT_EQ(tensors.at("heads.au.weight").shape, (std::vector<std::int64_t>{12, 3}));
  EXPECT_EQ(tensors.at("trunk.0.linear.weight").shape, (std::vector<std::int64_t>{3, 4}));
}

TEST(HeadLoad, AHeadInDoubleTakesDoubles) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  Head head = initialised(small_shape(2, 0, 2, 0, {va_task()}), 1);
  const std::vector<double> weight = {1. / 3, 2. / 3, -1. / 7, 4}, bias = {1e-17, 1};
  write_safetensors(path,
                    {{"heads.va.weight", view_of(DType::kF64, {2, 2}, weight)},
                     {"heads.va.bias", view_of(DType::kF64, {2}, bias)}},
                    {});
  head.load(SafetensorsFile(path));
  EXPECT_EQ(values_of(head.parameters()),
            (std::vector<double>{1. / 3, 2. / 3, -1. / 7, 4, 1e-17, 1}));
}

TEST(HeadLoadRefusal, OfMissingAndUnknownTensors) {
  EXPECT_TRUE(contains(load_refusal([](TensorMap& t) { t.erase("heads.au.bias"); }),
                       "has no tensor heads.au.bias"));
  EXPECT_TRUE(contains(load_refusal([](TensorMap& t) { t["trunk.2.x"] = t["heads.au.bias"]; }),
                       "tensor trunk.2.x belongs to no part of this head"));
  EXPECT_EQ(load_refusal([](TensorMap&) {}), "accepted");
}

TEST(HeadLoadRefusal, OfOtherShapesAndDTypes) {
  EXPECT_TRUE(
      contains(load_refusal([](TensorMap& t) { t["heads.expr.bias"] = t["heads.au.bias"]; }),
               "tensor heads.expr.bias has the shape [12], expected [8]"));
  EXPECT_TRUE(contains(load_refusal([](TensorMap& t) { t["heads.expr.bias"].shape = {2, 4}; }),
                       "tensor heads.expr.bias is F32 with 2 dimensions, expected F32 with 1"));
  EXPECT_TRUE(contains(load_refusal([](TensorMap& t) { t["heads.expr.bias"].dtype = DType::kI32; }),
                       "tensor heads.expr.bias is I32 with 1 dimensions, expected F32 with 1"));
}

TEST(HeadFile, KeepsMetadataAndWeights) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "best.safetensors";
  Head head = initialised(shape_of_both(), 1, at::kFloat);
  const HeadMetadata written = sample_metadata();
  save_head(path, head, written);
  const HeadMetadata read = read_head_metadata(path);
  EXPECT_EQ(read.shape.tasks, shape_of_both().tasks);
  EXPECT_EQ(read.shape.input_dim, 4);
  EXPECT_EQ(read.shape.layers, 2);
  EXPECT_EQ(read.shape.width, 3);
  EXPECT_EQ(read.shape.dropout, .25);
  EXPECT_EQ(read.inputs, written.inputs);
  EXPECT_EQ(read.statistics, written.statistics);
  EXPECT_EQ(read.banks, written.banks);
  EXPECT_EQ(read.annotations, written.annotations);
  EXPECT_EQ(read.split.folds, 5);
  EXPECT_EQ(read.split.fold, 2);
  EXPECT_EQ(read.epoch, 7);
  EXPECT_EQ(read.metrics, written.metrics);
  EXPECT_NO_THROW(verify_head(path, read));
  const auto loaded = load_head(path, read, "cpu");
  EXPECT_EQ(values_of(loaded->parameters()), values_of(head.parameters()));
}

TEST(HeadFile, KeepsTasksThatAreDeclared) {
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy", "very happy"});
  const Task stars("stars", TaskKind::kContinuous, {"stars"}, {0, 5});
  const TemporaryFolder folder;
  const auto path = folder.path() / "best.safetensors";
  Head head = initialised(small_shape(4, 1, 3, 0, {mood, stars, au_task()}), 1, at::kFloat);
  HeadMetadata written = sample_metadata();
  written.statistics = {
      {mood, {3, 0, 4}}, {stars, {2.25}}, {au_task(), std::vector<double>(12, .5)}};
  written.annotations.sources = {
      {.path = "/a.csv"},
      {.path = "/b", .bank = {"/x"}, .map = {{"mood", {{"joy", "happy"}, {"1", ""}}}}}};
  written.split.group = "^([a-z]+)";
  save_head(path, head, written);
  const HeadMetadata read = read_head_metadata(path);
  EXPECT_EQ(read.shape.tasks, (std::vector{mood, stars, au_task()}));
  EXPECT_EQ(read.statistics, written.statistics);
  EXPECT_EQ(read.annotations, written.annotations);
  EXPECT_EQ(read.split.group, written.split.group);
  EXPECT_EQ(load_head(path, read, "cpu")->forward(random_tensor({2, 4}, 1, at::kFloat))[0].size(1),
            3);
}

TEST(HeadFile, StatisticsStandUnderTheKeysOfEver) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "best.safetensors";
  save_head(path, initialised(shape_of_both(), 1, at::kFloat), sample_metadata());
  const std::string text = SafetensorsFile(path).metadata().at("mien");
  EXPECT_TRUE(contains(text, "\"expr_counts\":[1,2,3,4,5,6,7,8]"));
  EXPECT_TRUE(contains(text, "\"au_shares\":[0.1,"));
}

/// The message about a head whose metadata entry `mien` is `text`.
std::string metadata_refusal(const std::string& text) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "best.safetensors";
  write_safetensors(path, {}, {{"mien", text}});
  const std::string message = refusal_of([&] { read_head_metadata(path); });
  EXPECT_TRUE(contains(message, path.string()));
  return message;
}

TEST(HeadFileRefusal, OfFilesThatAreNoHeads) {
  const std::string expected = "expected a head that this version of mien made";
  for (const char* text :
       {"", "no json", "[]", "{}", R"({"format": "other", "version": 1})",
        R"({"format": "mien-head", "version": 2})", R"({"format": 3, "version": 1})",
        R"({"format": "mien-head", "version": "1"})"}) {
    EXPECT_TRUE(contains(metadata_refusal(text), expected)) << text;
  }
  const TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  write_safetensors(path, {}, {});
  EXPECT_TRUE(contains(refusal_of([&] { read_head_metadata(path); }), "has no metadata mien"));
  EXPECT_TRUE(contains(refusal_of([&] { read_head_metadata(folder.path() / "v.safetensors"); }),
                       "did you mean " + path.string() + "?"));
}

TEST(HeadFileRefusal, OfDamagedMetadata) {
  EXPECT_TRUE(contains(metadata_refusal(R"({"format": "mien-head", "version": 1})"),
                       "has damaged metadata ("));
  EXPECT_TRUE(contains(
      metadata_refusal(R"({"format": "mien-head", "version": 1, "tasks": ["exrp"]})"), "exrp"));
}

TEST(HeadFileRefusal, OfWeightsThatAreNotWhatTheMetadataSays) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "best.safetensors";
  save_head(path, initialised(shape_of_both(), 1, at::kFloat), sample_metadata());
  HeadMetadata metadata = read_head_metadata(path);
  metadata.shape.layers = 3;
  EXPECT_TRUE(contains(refusal_of([&] { verify_head(path, metadata); }),
                       "has no tensor trunk.2.linear.weight"));
}

TEST(WeightsOfRun, FindsBestAndLast) {
  const TemporaryFolder folder;
  folder.write("best.safetensors", "");
  EXPECT_EQ(weights_of_run(folder.path(), "best"), folder.path() / "best.safetensors");
  EXPECT_TRUE(contains(refusal_of([&] { weights_of_run(folder.path(), "last"); }),
                       "expected a folder with last.safetensors (made by mien train)"));
  EXPECT_EQ(refusal_of([&] { weights_of_run(folder.path(), "bets"); }),
            "--weights = bets: expected best or last");
  EXPECT_TRUE(contains(refusal_of([&] { weights_of_run(folder.path() / "no", "best"); }),
                       "does not exist, expected a folder that mien train made"));
}

}  // namespace
}  // namespace mien
