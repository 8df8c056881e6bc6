#include "mien/encoder/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <sched.h>
#include <torch/version.h>

#include <cstdlib>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/shards.h"

namespace mien {
namespace {

std::int64_t cuda_devices() {
  return at::hasCUDA() ? static_cast<std::int64_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

std::int64_t processors_of_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

/// Empty without a launcher.
std::string local_rank() {
  const auto value_of = [](const char* variable) {
    const char* value = std::getenv(variable);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string rank = value_of("LOCAL_RANK");
  return rank.empty() && is_in_slurm_step() ? value_of("SLURM_LOCALID") : rank;
}

}  // namespace

RuntimeFacts runtime_facts() {
  RuntimeFacts facts;
  facts.torch_version = TORCH_VERSION;
  facts.cpu_capability = at::get_cpu_capability();
  facts.native_bf16 = __builtin_cpu_supports("avx512bf16") != 0;
  facts.devices.push_back("cpu");
  for (std::int64_t i = 0; i < cuda_devices(); ++i) facts.devices.push_back(concat("cuda:", i));
  facts.threads = at::get_num_threads();
  facts.processors = processors_of_process();
  return facts;
}

std::int64_t device_of_local_rank(const std::string& local_rank, std::int64_t devices) {
  std::int64_t rank = 0;
  return parse_integer(local_rank, rank) && rank >= 0 && devices > 0 ? rank % devices : 0;
}

std::string resolve_device(const std::string& device) {
  const std::int64_t count = cuda_devices();
  if (device == "cpu") return device;
  if (device == "auto") {
    return count > 0 ? concat("cuda:", device_of_local_rank(local_rank(), count)) : "cpu";
  }
  std::int64_t index = 0;
  const bool is_cuda = device == "cuda" || (device.starts_with("cuda:") &&
                                            parse_integer(device.substr(5), index) && index >= 0);
  if (!is_cuda) {
    throw InputError("--device", device, "expected auto, cpu, cuda or cuda:N",
                     nearest_match(device, {"auto", "cpu", "cuda", "cuda:0"}));
  }
  if (index >= count) {
    throw InputError("--device", device,
                     count == 0 ? "there is no CUDA device that this build and machine can use"
                                : concat("expected cuda:0 to cuda:", count - 1));
  }
  return concat("cuda:", index);
}

std::vector<std::string> supported_dtypes(const std::string& device) {
  if (device == "cpu") return {"fp32", "bf16"};
  return {"fp32", "bf16", "fp16"};
}

std::string preferred_dtype(const std::string& device) {
  if (device != "cpu") return "fp16";
  return runtime_facts().native_bf16 ? "bf16" : "fp32";
}

void set_threads(std::int64_t threads) {
  if (threads < 0 || threads > 4096) {
    throw InputError("--threads", std::to_string(threads), "expected 0 (all) to 4096");
  }
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
}

}  // namespace mien
