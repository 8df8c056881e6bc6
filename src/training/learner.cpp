#include "learner.h"

#include "mien/training/inputs.h"
#include "step/step_graph.h"

namespace mien {

Learner::Learner(const TrainOptions& options, const HeadShape& shape,
                 const std::optional<InputMoments>& moments, const Objective& objective,
                 const std::string& device)
    : head(make_head(options, shape, moments, device)),
      step(head, objective, options.optimizer, options.sam,
           options.precision == "bf16" ? Precision::kBf16 : Precision::kFull,
           static_cast<std::uint64_t>(options.seed)) {
  step.record_with(make_step_graph);
  if (options.ema > 0) average.emplace(options.ema, shape, at::Device(device));
}

}  // namespace mien
