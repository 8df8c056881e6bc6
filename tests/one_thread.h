// Tests compute with one thread: small tensors gain nothing from more, which wait by spinning, and
// a test that forks must not leave threads behind.
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace mien::testing {

class OneThread : public ::testing::Environment {
 public:
  void SetUp() override { at::set_num_threads(1); }
};

inline ::testing::Environment* const kOneThread =
    ::testing::AddGlobalTestEnvironment(new OneThread);

}  // namespace mien::testing
