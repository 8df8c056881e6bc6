// The machine as LibTorch sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mien {

struct RuntimeFacts {
  std::string torch_version;
  std::string cpu_capability;        ///< "AVX2", "AVX512", ...
  bool native_bf16 = false;          ///< the processor has bf16 instructions
  std::vector<std::string> devices;  ///< "cpu", "cuda:0", ...
  std::int64_t threads = 1;          ///< that LibTorch would use
  std::int64_t processors = 1;       ///< that this process may use
};

RuntimeFacts runtime_facts();

/// The GPU of one of several processes that a launcher started on this machine: its LOCAL_RANK (or
/// SLURM_LOCALID), as text, modulo the `devices` that it sees. 0 for what is no rank.
std::int64_t device_of_local_rank(const std::string& local_rank, std::int64_t devices);

/// "auto", "cpu", "cuda", "cuda:N" -> "cpu" or "cuda:N". "auto" takes the first GPU, or under
/// torchrun and Slurm the process's own. Throws InputError when there is none.
std::string resolve_device(const std::string& device);

/// What an encoder can compute in on the device ("cpu", "cuda:0"): "fp32", "bf16", "fp16".
std::vector<std::string> supported_dtypes(const std::string& device);

/// What `--dtype auto` tries first: fp16 on CUDA, bf16 on a processor with instructions for it,
/// else fp32.
std::string preferred_dtype(const std::string& device);

/// Threads for the tensor operations of this process; 0 keeps the processors available (or
/// OMP_NUM_THREADS). Throws InputError for a negative number.
void set_threads(std::int64_t threads);

}  // namespace mien
