// An encoder and a head as one TorchScript module, for programs that have LibTorch but not mien.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "mien/data/tasks.h"
#include "mien/encoder/encoder_info.h"
#include "mien/encoder/networks.h"

namespace mien {

/// What follows the embedding: Linear - BatchNorm1d - ReLU blocks, then a Linear a task.
struct ExportedHead {
  std::int64_t layers = 0;
  bool standardize = false;                   ///< with `input.mean` and `input.std`
  bool unit_length = false;                   ///< embeddings over their Euclidean norm; zeros stay
  std::map<std::string, FloatArray> tensors;  ///< by the names that a head's file has
};

struct ExportedTask {
  Task task;
  /// Classes [C]: added to log(max(p, 1e-30)) before the largest is taken; binary [K]: 1 from this
  /// probability on. Empty: zeros, .5.
  std::vector<double> levels;
};

/// Writes the archive to `out`, with `description` (the text of a JSON object) inside as mien.json.
///
/// forward(crops) takes [B, 3, H, W], RGB: uint8 0 to 255, or floating point in [0, 1]. Other sizes
/// than the encoder's are resized (short side) and the middle is cut out: of bytes byte for byte as
/// resize_and_crop() does, of floats by the same weights without rounding in between. It gives a
/// dictionary with, per task: `<task>` fp32 [B, outputs] (probabilities, or values in the task's
/// range), `<task>_class` int64 [B] of classes, `<task>_active` bool [B, K] of binary outputs.
/// Embeddings are rounded to half precision on the way, as a bank keeps them. No gradients.
///
/// Throws InputError as read_encoder_info() does, and (naming `--encoder`) when encoder and head do
/// not fit together.
void export_model(const std::filesystem::path& encoder, const EncoderOverrides& overrides,
                  const ExportedHead& head, const std::vector<ExportedTask>& tasks,
                  const std::string& description, std::ostream& out);

}  // namespace mien
