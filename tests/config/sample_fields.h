// A configuration with a key of every kind.
#pragma once

#include "mien/config/fields.h"

namespace mien::testing {

struct Sample {
  bool shuffle = true;
  std::int64_t epochs = 32;
  double rho = .05;
  double alpha = .5;
  std::string kind = "cosine";
  std::string note;
  Strings tasks = {"expr"};
  Numbers betas = {.9, .999};
  std::string annotations;
  Strings bank;

  bool operator==(const Sample&) const = default;
};

inline Fields declare(Sample& sample) {
  Fields fields;
  fields.add_path("bank", sample.bank, "banks of embeddings");
  fields.add_path("annotations", sample.annotations, "folder of the labels");
  fields.add("tasks", sample.tasks, "what is predicted", {"expr", "au"});
  fields.add("loss.cvar.alpha", sample.alpha, "share of the worst losses", above_up_to(0, 1));
  fields.add("optimizer.betas", sample.betas, "decay of the moments", from_below(0, 1));
  fields.add("sam.rho", sample.rho, "radius of the step", at_least(0));
  fields.add("schedule.kind", sample.kind, "shape of the rate", {"cosine", "constant"});
  fields.add("epochs", sample.epochs, "passes over the rows", between(1, 1e9));
  fields.add("shuffle", sample.shuffle, "a new order every epoch");
  fields.add("note", sample.note, "any text");
  return fields;
}

}  // namespace mien::testing
