#include "mien/encoder/runtime.h"

#include <gtest/gtest.h>

#include "expectations.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

std::string refusal(const std::string& device) {
  return refusal_of([&] { resolve_device(device); });
}

bool has_cuda() {
  return runtime_facts().devices.size() > 1;
}

TEST(ResolveDevice, TheProcessorIsAlwaysThere) {
  EXPECT_EQ(resolve_device("cpu"), "cpu");
  EXPECT_EQ(resolve_device("auto"), has_cuda() ? "cuda:0" : "cpu");
}

TEST(ResolveDevice, RefusesOtherNamesWithTheNearMiss) {
  EXPECT_EQ(refusal("cup"),
            "--device = cup: expected auto, cpu, cuda or cuda:N; did you mean cpu?");
  EXPECT_EQ(refusal("cdua"),
            "--device = cdua: expected auto, cpu, cuda or cuda:N; did you mean cuda?");
  for (const char* device : {"", "cuda:", "cuda:x", "cuda:-1", "cuda:1.5", "CPU:0", "gpu"}) {
    EXPECT_TRUE(contains(refusal(device), "expected auto, cpu, cuda or cuda:N")) << device;
  }
}

TEST(ResolveDevice, RefusesDevicesThatAreNotThere) {
  EXPECT_TRUE(contains(refusal("cuda:999"), has_cuda()
                                                ? "--device = cuda:999: expected cuda:0 to cuda:"
                                                : "--device = cuda:999: there is no CUDA device"));
  EXPECT_TRUE(has_cuda() || contains(refusal("cuda"), "there is no CUDA device"));
}

TEST(DeviceOfLocalRank, TakesTheGpusInTurn) {
  EXPECT_EQ(device_of_local_rank("0", 4), 0);
  EXPECT_EQ(device_of_local_rank("3", 4), 3);
  EXPECT_EQ(device_of_local_rank("6", 4), 2) << "more processes than GPUs share them";
  EXPECT_EQ(device_of_local_rank("3", 1), 0) << "a launcher that shows each process its own";
}

TEST(DeviceOfLocalRank, IsTheFirstWithoutARank) {
  for (const char* rank : {"", "x", "-1", "1.5"}) EXPECT_EQ(device_of_local_rank(rank, 4), 0);
  EXPECT_EQ(device_of_local_rank("2", 0), 0);
}

TEST(SetThreads, SetsAndKeepsThem) {
  const std::int64_t before = runtime_facts().threads;
  set_threads(3);
  EXPECT_EQ(runtime_facts().threads, 3);
  set_threads(0);
  EXPECT_EQ(runtime_facts().threads, 3) << "0 keeps what is there";
  set_threads(before);
}

TEST(SetThreads, RefusesImpossibleNumbers) {
  EXPECT_EQ(refusal_of([] { set_threads(-1); }), "--threads = -1: expected 0 (all) to 4096");
  EXPECT_EQ(refusal_of([] { set_threads(4097); }), "--threads = 4097: expected 0 (all) to 4096");
}

TEST(RuntimeFactsTest, TellOfThisMachine) {
  const RuntimeFacts facts = runtime_facts();
  EXPECT_GE(facts.processors, 1);
  EXPECT_EQ(facts.devices.at(0), "cpu");
  EXPECT_FALSE(facts.torch_version.empty());
  EXPECT_FALSE(facts.cpu_capability.empty());
}

}  // namespace
}  // namespace mien
