#include "mien/encoder/networks.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <thread>

#include "temporary_folder.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

/// An archive with the network "double", large enough an operator to be shared among threads.
Networks doubling(const TemporaryFolder& folder) {
  torch::jit::Module part("Double");
  part.define("def forward(self, x):\n  return torch.matmul(x, x) + x\n");
  torch::jit::Module all("All");
  all.register_module("double", part);
  all.define("def forward(self, x):\n  return x\n");
  const fs::path file = folder.path() / "networks.pt";
  all.save(file.string(), {{"mien.json", "{}"}});
  return Networks(file, "--file", {"double"});
}

FloatArray square(std::int64_t side) {
  FloatArray array{{side, side}, {}};
  for (std::int64_t i = 0; i < side * side; ++i) {
    array.values.push_back(std::sin(static_cast<float>(i)));
  }
  return array;
}

std::ptrdiff_t threads_of_process() {
  const fs::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

/// LibTorch's number of threads is `threads` while this lives.
class Threads {
 public:
  explicit Threads(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

void in_a_new_thread(const std::function<void()>& work) {
  std::thread(work).join();
}

TEST(Networks, RunOnTheCallingThreadAloneFromItsFirstRunOn) {
  const TemporaryFolder folder;
  const Networks networks = doubling(folder);
  const Threads four(4);
  in_a_new_thread([&] {
    const auto before = threads_of_process();
    for (int run = 0; run < 2; ++run) {
      networks.run("double", square(512));
      EXPECT_EQ(threads_of_process(), before) << "after run " << run;
    }
  });
}

TEST(Networks, LeaveTheThreadsNumberAsItWas) {
  const TemporaryFolder folder;
  const Networks networks = doubling(folder);
  const Threads three(3);
  in_a_new_thread([&] {
    networks.run("double", square(8));
    EXPECT_EQ(at::get_num_threads(), 3);
    EXPECT_THROW(networks.run("double", {{2, 3}, std::vector<float>(6)}), std::runtime_error);
    EXPECT_EQ(at::get_num_threads(), 3);
  });
}

TEST(Networks, GiveTheSameBitsInThreadsAtATime) {
  const TemporaryFolder folder;
  const Networks networks = doubling(folder);
  const Threads two(2);
  const auto expected = networks.run("double", square(256)).front().values;
  std::vector<std::thread> threads;
  std::vector<std::vector<float>> found(4);
  for (auto& values : found) {
    threads.emplace_back([&] { values = networks.run("double", square(256)).front().values; });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& values : found) EXPECT_EQ(values, expected);
}

}  // namespace
}  // namespace mien
