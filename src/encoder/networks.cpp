#include "mien/encoder/networks.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <omp.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <map>
#include <stdexcept>

#include "archive.h"
#include "exact_arithmetic.h"
#include "foreign_file.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

extern "C" int MKL_Set_Num_Threads_Local(int threads) __attribute__((weak));

namespace mien {
namespace {

constexpr const char* kDescriptionFile = "mien.json";

/// The calling thread opens no parallel regions while this lives. Others are not touched: OpenMP
/// keeps the number with each thread (nthreads-var, OpenMP 5.2, 2.4), so that threads that run
/// networks at a time do not race. MKL, where LibTorch has it, goes by a number of its own, which
/// is the thread's too. In a thread's first operator LibTorch sets OpenMP's number to its own;
/// asked for it here, it has done so before the 1 is set, not after.
class OneThread {
 public:
  OneThread() {
    at::get_num_threads();
    before_ = omp_get_max_threads();
    omp_set_num_threads(1);
    if (MKL_Set_Num_Threads_Local != nullptr) before_mkl_ = MKL_Set_Num_Threads_Local(1);
  }
  ~OneThread() {
    if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(before_mkl_);
    omp_set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = 0, before_mkl_ = 0;
};

FloatArray array_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.to(at::kFloat).contiguous();
  FloatArray array;
  array.shape = plain.sizes().vec();
  const float* values = plain.const_data_ptr<float>();
  array.values.assign(values, values + plain.numel());
  return array;
}

}  // namespace

struct Networks::State {
  std::string description;
  std::map<std::string, torch::jit::Module> networks;
};

Networks::Networks(const std::filesystem::path& file, const std::string& flag,
                   const std::vector<std::string>& names)
    : state_(std::make_unique<State>()) {
  require_exists(file, flag, "a TorchScript archive");
  require_regular_file(file, flag);
  if (const std::string instead = foreign_file(file); !instead.empty()) {
    throw InputError(flag, file.string(), instead);
  }
  compute_exactly();
  torch::jit::ExtraFilesMap extra{{kDescriptionFile, ""}};
  try {
    torch::jit::Module all = torch::jit::load(file.string(), at::kCPU, extra);
    all.eval();
    for (const std::string& name : names) {
      if (!all.hasattr(name) || !all.attr(name).isModule()) {
        throw InputError(flag, file.string(),
                         concat("expected an archive with the networks ", join(names)));
      }
      state_->networks.emplace(name, torch::jit::freeze(all.attr(name).toModule()));
    }
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& problem) {  // c10::Error and what the archive reader throws
    throw InputError(flag, file.string(),
                     concat("expected a TorchScript archive (", reason_of(problem), ")"));
  }
  state_->description = extra[kDescriptionFile];
  if (state_->description.empty()) {
    throw InputError(flag, file.string(), "expected an archive with mien.json inside");
  }
}

Networks::~Networks() = default;
Networks::Networks(Networks&&) noexcept = default;

const std::string& Networks::description() const {
  return state_->description;
}

std::vector<FloatArray> Networks::run(const std::string& name, const FloatArray& input) const {
  const OneThread alone;
  const at::NoGradGuard no_gradients;
  torch::jit::Module network = state_->networks.at(name);  // a handle
  const at::Tensor tensor = at::from_blob(const_cast<float*>(input.values.data()), input.shape);
  try {
    const c10::IValue result = network.forward({tensor});
    std::vector<FloatArray> outputs;
    if (result.isTensor()) {
      outputs.push_back(array_of(result.toTensor()));
    } else {
      for (const c10::IValue& part : result.toTupleRef().elements()) {
        outputs.push_back(array_of(part.toTensor()));
      }
    }
    return outputs;
  } catch (const std::exception& problem) {
    throw std::runtime_error(concat(name, ": ", reason_of(problem)));
  }
}

}  // namespace mien
