// CVaR over what the options pool: elements, samples, each output, or videos.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "mien/objective/cvar.h"
#include "mien/objective/targets.h"

namespace mien {

/// The weights of the single losses, [B] (classes) or [B, K] (binary, continuous), so that the loss
/// is sum(weights * losses), and the threshold (scalar). `pool` as in ObjectiveOptions:
///   element    all valid losses
///   sample     means of each row's valid losses
///   per_output each output by itself, then the mean over those with labels
///   per_video  means of each video's valid losses in the batch, over the videos present
///              (summed by index_add: on CUDA not bit for bit the same twice)
/// Classes have one loss per row: element, sample and per_output are the same.
CvarWeights tail_weights(const at::Tensor& losses, const TaskTargets& targets,
                         const std::string& pool, double alpha);

/// The loss itself, sum(weights * losses), in fp64 on the host: without weights, ranks or
/// gradients, for as many rows as a split has. Waits for the device. NaN where a valid loss is.
double tail_mean(const at::Tensor& losses, const TaskTargets& targets, const std::string& pool,
                 double alpha);

}  // namespace mien
