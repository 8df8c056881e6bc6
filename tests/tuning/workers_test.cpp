#include "workers.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace mien {
namespace {

TEST(Workers, DoEveryPieceOnce) {
  for (const std::int64_t threads : {0, 1, 3, 50}) {
    std::vector<int> done(20);
    for_each_piece(done.size(), threads, [&](std::size_t piece) { ++done[piece]; });
    EXPECT_EQ(done, std::vector<int>(20, 1));
  }
  for_each_piece(0, 2, [](std::size_t) { FAIL(); });
}

TEST(Workers, GiveTheExceptionBack) {
  const auto work = [](std::size_t piece) {
    if (piece == 5) throw std::runtime_error("piece 5");
  };
  for (const std::int64_t threads : {1, 4}) {
    EXPECT_THROW(for_each_piece(1000, threads, work), std::runtime_error);
  }
}

}  // namespace
}  // namespace mien
