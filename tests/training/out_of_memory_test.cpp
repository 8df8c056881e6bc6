#include "data/out_of_memory.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <limits>
#include <new>

#include "expectations.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

TEST(WithMemoryAsInput, NamesTheMemory) {
  const auto refusal = [](const std::function<void()>& work) {
    return refusal_of([&] { with_memory_as_input(work); });
  };
  constexpr const char* kLine = "memory = (all of it): there is not enough";
  EXPECT_TRUE(contains(refusal([] { throw std::bad_alloc(); }), kLine));
  EXPECT_TRUE(contains(
      refusal([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory."); }), kLine));
  EXPECT_TRUE(contains(refusal([] { at::empty({std::int64_t{1} << 56}); }), kLine))
      << "more than an address space holds";
}

TEST(WithMemoryAsInput, LeavesOtherErrorsAlone) {
  EXPECT_THROW(with_memory_as_input([] { TORCH_CHECK(false, "a bug"); }), c10::Error);
  EXPECT_EQ(refusal_of([] {
              with_memory_as_input([] { throw InputError("key", "value", "expected another"); });
            }),
            "key = value: expected another");
  int done = 0;
  with_memory_as_input([&] { ++done; });
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace mien
