#include "image_function.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <array>
#include <functional>
#include <set>
#include <vector>

#include "graph_rewrite.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;
namespace prim = torch::jit::prim;

/// Of embeddings as they are; what is no number is compared as 0, so that an encoder may answer so.
at::Tensor numbers(const at::Tensor& embeddings) {
  return embeddings.nan_to_num(0, 0, 0);
}

constexpr double kSameBatch = 1e-5, kSameImage = 1e-4, kSmallestCosine = .9995;

enum class Branches { kToo, kNot };

/// The first answer that `look` has for a node of the block or of those inside; else empty.
std::string find_in(Block* block, const std::function<std::string(Node*)>& look,
                    Branches branches = Branches::kToo) {
  for (Node* node : block->nodes()) {
    std::string found = look(node);
    if (branches == Branches::kNot && node->kind() == prim::If) continue;
    for (Block* inner : node->blocks()) {
      if (found.empty()) found = find_in(inner, look, branches);
    }
    if (!found.empty()) return found;
  }
  return {};
}

/// The constant that an operator gets for the argument of one of these names, or none.
c10::IValue constant_argument(const Node* node, std::initializer_list<std::string_view> names) {
  const c10::FunctionSchema* schema = node->maybeSchema();
  if (schema == nullptr) return {};
  const std::size_t count = std::min(node->inputs().size(), schema->arguments().size());
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::string_view name : names) {
      if (schema->arguments()[i].name() != name) continue;
      return torch::jit::toIValue(node->input(i)).value_or(c10::IValue());
    }
  }
  return {};
}

bool is_on(const c10::IValue& flag) {
  return flag.isBool() && flag.toBool();
}

bool is_above_zero(const c10::IValue& number) {
  return number.isDouble() && number.toDouble() > 0;
}

/// What is in training mode at this operator.
std::string training_at(Node* node) {
  const std::string kind = node->kind().toQualString();
  const bool training = is_on(constant_argument(node, {"training", "train"}));
  if (kind.find("batch_norm") != std::string::npos && training) {
    return concat("BatchNorm normalises by the batch (", kind, ")");
  }
  const bool dropping = is_above_zero(constant_argument(node, {"p", "dropout"}));
  const bool can_drop =
      kind.find("dropout") != std::string::npos || constant_argument(node, {"dropout"}).isDouble();
  if (can_drop && training && dropping) return concat("dropout is on (", kind, ")");
  if (is_above_zero(constant_argument(node, {"dropout_p"}))) {
    return concat("dropout is on (", kind, ")");
  }
  if (kind.find("rrelu") != std::string::npos && training) {
    return concat("noise is on (", kind, ")");
  }
  return {};
}

/// What is in training mode whatever eval() says. Freezing takes a BatchNorm that learns for one
/// that does not, so the graph as it was saved is looked at, too; its branches may be those of
/// training, and are not.
std::string training_in(const Archive& archive) {
  const auto saved = archive.tower.get_method(kForward).graph()->copy();
  torch::jit::Inline(*saved);
  const std::string found = find_in(saved->block(), training_at, Branches::kNot);
  return found.empty() ? find_in(graph_of(archive.frozen()).block(), training_at) : found;
}

std::string noise_at(Node* node) {
  static const std::set<std::string> kNoise = {
      "rand",         "randn",       "rand_like",  "randn_like", "randint",
      "randint_like", "randperm",    "normal",     "normal_",    "bernoulli",
      "bernoulli_",   "uniform_",    "random_",    "poisson",    "exponential_",
      "cauchy_",      "log_normal_", "geometric_", "multinomial"};
  const std::string kind = node->kind().toUnqualString();
  return kNoise.contains(kind) ? "it adds noise (" + kind + ")" : "";
}

/// Quantisation whose scale is that of the values that come in.
std::string dynamic_quantisation_at(Node* node) {
  const std::string kind = node->kind().toQualString();
  for (const char* part : {"_dynamic", "choose_qparams", "fbgemm_linear_int8", "_observe"}) {
    if (kind.find(part) != std::string::npos) return kind;
  }
  return {};
}

/// Whether what the graph gives may depend on `value`: a counter that nobody reads does no harm.
bool reaches_output(Value* value) {
  std::set<Value*> seen = {value};
  std::vector<Value*> waiting = {value};
  while (!waiting.empty()) {
    Value* at = waiting.back();
    waiting.pop_back();
    for (const torch::jit::Use& use : at->uses()) {
      Node* user = use.user;
      if (user->kind() == prim::Return) user = user->owningBlock()->owningNode();
      if (user == nullptr) return true;  // the graph's own end
      for (Value* next : user->outputs()) {
        if (seen.insert(next).second) waiting.push_back(next);
      }
    }
  }
  return false;
}

/// The attribute that the network writes to, keeps and reads, or nothing.
std::string state_of(const Archive& archive) {
  const auto graph = archive.frozen().get_method(kForward).graph();
  const torch::jit::AliasDb aliases(graph);
  std::set<std::string> set;
  find_in(graph->block(), [&set](Node* node) {
    if (node->kind() == prim::SetAttr) set.insert(node->s(torch::jit::attr::name));
    return std::string();
  });
  return find_in(graph->block(), [&](Node* node) -> std::string {
    if (node->kind() != prim::GetAttr || node->output()->type()->cast<c10::ClassType>()) return {};
    const std::string& name = node->s(torch::jit::attr::name);
    const bool changes = set.contains(name) || aliases.hasWriters(node->output());
    return changes && reaches_output(node->output()) ? name : std::string();
  });
}

[[noreturn]] void refuse(const Archive& archive, const std::string& problem) {
  throw InputError("--encoder", archive.file.string(),
                   problem + "; expected an archive that was made after model.eval()");
}

bool is_same_image(const at::Tensor& alone, const at::Tensor& beside, bool exact) {
  if (exact) return largest_difference(alone, beside) <= kSameImage;
  return at::cosine_similarity(alone, beside, 1).min().item<double>() >= kSmallestCosine;
}

}  // namespace

void require_inference_mode(const Archive& archive) {
  const std::string training = training_in(archive);
  if (!training.empty()) refuse(archive, "was traced or saved in training mode: " + training);
  const std::string state = state_of(archive);
  if (!state.empty()) {
    refuse(archive, "changes what it keeps from one batch to the next (its attribute " + state +
                        "), so that an embedding depends on what came before");
  }
}

bool rounds_inside(const Archive& archive) {
  const auto is_reduced = [](const c10::IValue& value) {
    if (value.isTensor()) {
      return value.toTensor().defined() && is_reduced_precision(value.toTensor().scalar_type());
    }
    return value.isInt() && is_reduced_precision(static_cast<at::ScalarType>(value.toInt()));
  };
  const auto look = [&](Node* node) -> std::string {
    if (is_reduced(constant_argument(node, {"dtype"}))) return "rounds";
    if (node->kind() != prim::Constant) return {};
    const auto value = torch::jit::toIValue(node->output());
    return value && value->isTensor() && is_reduced(*value) ? "rounds" : "";
  };
  return !find_in(graph_of(archive.frozen()).block(), look).empty();
}

std::string image_function_problem(const EncoderPath& path, bool rounds_inside,
                                   const at::Tensor& pixels, const at::Tensor& embeddings) {
  const c10::InferenceMode guard;
  const at::Tensor expected = numbers(embeddings);
  const double repeated = largest_difference(numbers(path.forward(pixels)), expected);
  if (!(repeated <= kSameBatch)) {
    return concat("gives other embeddings for the same images a second time (they differ by ",
                  repeated, ")");
  }
  const std::int64_t images = pixels.size(0);
  for (const std::int64_t at : std::set<std::int64_t>{0, images / 2, images - 1}) {
    const at::Tensor alone = numbers(path.forward(pixels.narrow(0, at, 1)));
    const at::Tensor beside = expected.narrow(0, at, 1);
    if (alone.sizes() == beside.sizes() &&
        is_same_image(alone, beside, path.dtype == "fp32" && !rounds_inside)) {
      continue;
    }
    return concat("gives an image another embedding alone than beside others (they differ by ",
                  largest_difference(alone, beside), ")");
  }
  return {};
}

std::string require_image_function(const Archive& archive, const Reference& reference) {
  require_inference_mode(archive);
  if (!reference.embeddings.isfinite().any().item<bool>()) {
    throw InputError("--encoder", archive.file.string(),
                     "gives no finite number for any image that was tried");
  }
  const EncoderPath plain = plain_path(archive, reference.pixels.device());
  const std::string problem =
      image_function_problem(plain, rounds_inside(archive), reference.pixels, reference.embeddings);
  if (problem.empty()) return {};
  Block* block = graph_of(archive.frozen()).block();
  const std::string noise = find_in(block, noise_at);
  const std::string quantised = find_in(block, dynamic_quantisation_at);
  if (noise.empty() && !quantised.empty()) {
    return concat("takes the scale of its quantisation from the batch (", quantised, ") and ",
                  problem);
  }
  refuse(archive, problem + (noise.empty() ? "" : ": " + noise));
}

}  // namespace mien
