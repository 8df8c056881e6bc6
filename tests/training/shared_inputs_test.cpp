#include "data/shared_inputs.h"

#include <gtest/gtest.h>

#include "bank/bank_folder.h"
#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

TEST(SharedInputsTest, WhatCannotBeLoadedIsReadOnce) {
  const TemporaryFolder folder;
  for (const char* side : {"Train_Set", "Validation_Set"}) {
    for (const char* video : {"a", "b"}) {
      folder.write(std::string("EXPR_Recognition_Challenge/") + side + "/" + side + video + ".txt",
                   "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n3\n");
    }
  }
  BankFolder bank(3);
  TrainOptions options;
  options.bank = {bank.path().string()};
  options.annotations = folder.path().string();
  options.tasks = {expr_task()};
  SharedInputs shared({&options, &options}, "cpu");
  const std::string refusal = refusal_of([&] { shared.take(options); });
  EXPECT_TRUE(contains(refusal, "of the labelled frames of the split"));
  for (const char* side : {"Train_Set", "Validation_Set"}) {
    for (const char* video : {"a", "b"}) bank.add(std::string(side) + video, {1, 2});
  }
  EXPECT_EQ(refusal_of([&] { shared.take(options); }), refusal);
  SharedInputs again({&options}, "cpu");
  EXPECT_EQ(again.take(options)->training.size(), 4);
}

}  // namespace
}  // namespace mien
