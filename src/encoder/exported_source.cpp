#include "exported_source.h"

#include <algorithm>

#include "mien/core/text.h"
#include "mien/data/crop_weights.h"

namespace mien {
namespace {

// torch.dtype has no names in this dialect; the numbers are c10::ScalarType's.
constexpr const char* kTypes = R"(
def is_bytes(self, x: Tensor) -> bool:
    return x.dtype == 0
def as_float(self, x: Tensor) -> Tensor:
    return x.to(6)
def as_double(self, x: Tensor) -> Tensor:
    return x.to(7)
def through_half(self, x: Tensor) -> Tensor:
    return x.to(5).to(6)
)";

constexpr const char* kBicubic = R"(
def kernel(self, t: Tensor) -> Tensor:
    near = (1.5 * t - 2.5) * t * t + 1.0
    far = (((t - 5.0) * t + 8.0) * t - 4.0) * -0.5
    return torch.where(t < 1.0, near, torch.where(t < 2.0, far, torch.zeros_like(t)))
def reach(self) -> float:
    return 2.0
)";

constexpr const char* kBilinear = R"(
def kernel(self, t: Tensor) -> Tensor:
    return torch.clamp(1.0 - t, min=0.0)
def reach(self) -> float:
    return 1.0
)";

/// Pillow's weights as dense matrices, computed as axis_weights() computes them. Sums of 31 bits
/// are exact in double precision.
constexpr const char* kResize = R"(
def axis(self, inputs: int, size: int, begin: int, count: int, like: Tensor) -> Tensor:
    scale = float(inputs) / float(size)
    wide = max(scale, 1.0)
    support = self.reach() * wide
    at = torch.arange(begin, begin + count, dtype=7, device=like.device).unsqueeze(1)
    centres = (at + 0.5) * scale
    first = torch.clamp(torch.trunc(centres - support + 0.5), min=0.0)
    end = torch.clamp(torch.trunc(centres + support + 0.5), max=float(inputs))
    x = torch.arange(0, inputs, dtype=7, device=like.device).unsqueeze(0)
    weights = self.kernel(torch.abs((x - centres + 0.5) * (1.0 / wide)))
    weights = torch.where((x >= first) & (x < end), weights, torch.zeros_like(weights))
    weights = weights / weights.sum(1, keepdim=True) * ONE
    return torch.trunc(weights + torch.sign(weights) * 0.5)
def levels(self, sums: Tensor, whole: bool) -> Tensor:
    if whole:
        sums = torch.floor((sums + ONE * 0.5) / ONE)
    else:
        sums = sums / ONE
    return torch.clamp(sums, 0.0, 255.0)
def middle(self, size: int) -> int:
    rest = size - SIDE
    half = rest // 2
    if rest % 2 != 0:
        half = half + half % 2
    return half
def cropped(self, pixels: Tensor, whole: bool) -> Tensor:
    height = pixels.size(2)
    width = pixels.size(3)
    longer = int(float(SIDE * max(width, height)) / float(min(width, height)))
    wide = longer
    high = longer
    if width <= height:
        wide = SIDE
    else:
        high = SIDE
    columns = self.axis(width, wide, self.middle(wide), SIDE, pixels)
    rows = self.axis(height, high, self.middle(high), SIDE, pixels)
    across = self.levels(torch.matmul(pixels, columns.t()), whole)
    return self.levels(torch.matmul(rows, across), whole)
)";

constexpr const char* kPixels = R"(
def pixels(self, crops: Tensor) -> Tensor:
    assert crops.dim() == 4 and crops.size(1) == 3, "expected crops [B, 3, H, W]"
    whole = self.is_bytes(crops)
    assert whole or crops.is_floating_point(), "expected uint8, or floats in [0, 1]"
    if crops.size(2) != SIDE or crops.size(3) != SIDE:
        values = self.as_double(crops)
        if not whole:
            values = values * 255.0
        crops = self.cropped(values, whole)
        whole = True
    x = self.as_float(crops)
    if whole:
        x = x / 255.0
    return (x - self.image_mean) / self.image_std
)";

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string head_source(const ExportedHead& head, const std::vector<ExportedTask>& tasks) {
  std::string source = "def logits(self, x: Tensor) -> Dict[str, Tensor]:\n";
  if (head.standardize) source += "    x = (x - self.input_mean) / self.input_std\n";
  if (head.unit_length) {
    source +=
        "    norms = torch.linalg_vector_norm(x, 2.0, [1], True)\n"
        "    x = x / torch.masked_fill(norms, norms == 0.0, 1.0)\n";
  }
  for (std::int64_t i = 0; i < head.layers; ++i) {
    const std::string part = concat("self.trunk_", i, "_");
    source += concat("    x = torch.linear(x, ", part, "linear_weight, ", part, "linear_bias)\n",
                     "    x = torch.relu(torch.batch_norm(x, ", part, "norm_weight, ", part,
                     "norm_bias, ", part, "norm_running_mean, ", part,
                     "norm_running_var, False, 0.1, 1e-05, False))\n");
  }
  std::vector<std::string> entries;
  for (const ExportedTask& task : tasks) {
    const std::string name = task_name(task.task);
    const std::string head_name = "self." + exported_buffer_name("heads." + name);
    entries.push_back(concat("\"", name, "\": self.as_double(torch.linear(x, ", head_name,
                             "_weight, ", head_name, "_bias))"));
  }
  return source + "    return {" + join(entries) + "}\n";
}

/// A number that the language reads as floating point.
std::string literal(double value) {
  const std::string text = shortest(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// tanh of the logits, brought to the task's range.
std::string value_source(const Task& task, const std::string& logits) {
  const auto [low, high] = task.range();
  const std::string value = concat("torch.tanh(", logits, ")");
  if (task.range() == ValueRange()) return value;
  return concat("(", value, " + 1.0) * ", literal((high - low) / 2), " + ", literal(low));
}

std::string answer_source(const std::vector<ExportedTask>& tasks) {
  std::string source =
      "def forward(self, crops: Tensor) -> Dict[str, Tensor]:\n"
      "    embeddings = self.through_half(self.encoder.forward(self.pixels(crops)))\n"
      "    logits = self.logits(embeddings)\n";
  std::vector<std::string> entries;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = tasks[t].task;
    const std::string name = task_name(task), logits = concat("logits[\"", name, "\"]");
    const std::string p = concat("p", t), answer = concat("answer", t);
    const std::string levels = "self." + exported_buffer_name("levels." + name);
    switch (task.kind()) {
      case TaskKind::kClasses:
        source += concat("    ", p, " = self.as_float(torch.softmax(", logits, ", 1))\n");
        source += concat("    ", answer, " = torch.argmax(torch.log(torch.clamp(self.as_double(", p,
                         "), min=1e-30)) + ", levels, ", 1)\n");
        entries.push_back(concat("\"", name, "_class\": ", answer));
        break;
      case TaskKind::kBinary:
        source += concat("    ", p, " = self.as_float(torch.sigmoid(", logits, "))\n");
        source += concat("    ", answer, " = self.as_double(", p, ") >= ", levels, "\n");
        entries.push_back(concat("\"", name, "_active\": ", answer));
        break;
      case TaskKind::kContinuous:
        source += concat("    ", p, " = self.as_float(", value_source(task, logits), ")\n");
        break;
    }
    entries.push_back(concat("\"", name, "\": ", p));
  }
  return source + "    return {" + join(entries) + "}\n";
}

}  // namespace

std::string exported_source(const EncoderInfo& encoder, const ExportedHead& head,
                            const std::vector<ExportedTask>& tasks) {
  std::string source = kTypes;
  source += encoder.resize == ResizeFilter::kBicubic ? kBicubic : kBilinear;
  source += kResize;
  source += kPixels;
  replace_all(source, "ONE", concat(1 << kWeightBits, ".0"));
  replace_all(source, "SIDE", std::to_string(encoder.image_size));
  return source + head_source(head, tasks) + answer_source(tasks);
}

std::string exported_buffer_name(const std::string& name) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : name) {
    const auto code = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || c == '_' || c == '.') {
      out += plain ? c : '_';
    } else {
      out += std::string("_x") + kDigits[code >> 4] + kDigits[code & 15];
    }
  }
  return out;
}

}  // namespace mien
