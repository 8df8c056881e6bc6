// Trying out the ways to compute an encoder: right first, then fast.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "encoder_path.h"

namespace mien {

/// A batch of normalised images and what the plain module makes of it.
struct Reference {
  at::Tensor pixels;           ///< fp32 [B, 3, S, S] on the device
  at::Tensor embeddings;       ///< fp32 [B, D] there
  at::Tensor timed_pixels;     ///< as `pixels`, at about the size of real batches
  double seconds = 0;          ///< that one image took
  bool rounds_inside = false;  ///< the plain module computes in half precision somewhere
  /// Why the plain module's embeddings depend on the batch (its quantisation does, see
  /// require_image_function); empty: they do not, and no path's may.
  std::string batch_dependence;
};

/// Runs the plain module on one image, on two, and then on as many as take about a quarter of a
/// second. Throws InputError when the network fails, or gives what is no embedding of info's size.
Reference make_reference(const Archive& archive, const at::Device& device);

/// One path as tried.
struct PathTrial {
  std::string problem;           ///< empty: it agrees with the plain module
  double difference = 0;         ///< largest ||x - plain|| / ||plain|| of an image
  double images_per_second = 0;  ///< 0: not measured
  std::optional<EncoderPath> path;
  at::Tensor embeddings;  ///< what it made of the reference's images
};

/// The largest ||found - expected|| / ||expected|| of a row.
double largest_difference(const at::Tensor& found, const at::Tensor& expected);

/// Makes the path ready and compares it: relative difference of at most 1e-5 in fp32, cosine of at
/// least .9995 in bf16 and fp16. The plain path is taken as it is. `measure`: its rate too.
PathTrial try_path(const PathRecipe& recipe, const Reference& reference, bool measure);

/// The tower as a vision transformer whose heads are known: the guess, or whatever number makes it
/// agree with the reference's first image. Nothing when none does.
std::optional<ClipVitWeights> prove_clip_vit(ClipVitWeights weights, const Reference& reference);

/// Where a line about a path that is not used goes: log::warn, or log::debug where that is normal.
using Report = void (*)(const std::string& line);

/// Finds out whether the path is a function of its image, as the plain module is; `problem` says if
/// it is not.
void confirm_image_function(PathTrial& trial, const Reference& reference);

/// The recipe that makes most images a second of those that agree with the plain module and are
/// functions of their image; `report` is told of those that are not.
PathTrial fastest_path(std::vector<PathRecipe> recipes, const Reference& reference, Report report);

/// Waits until the device has done what was asked.
void synchronize(const at::Device& device);

}  // namespace mien
