// What is known of a frame before it is seen: how often each label occurs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/data/tasks.h"

namespace mien {

/// In the shape of a frame's scores: shares of the classes, share of ones of each binary output
/// among its known labels, means of continuous values. decide() of it is the prior decision: the
/// most frequent class; 1 for an output whose share is at least .5.
using Prior = std::vector<float>;

/// By task; a task that is not there is unknown.
using Priors = std::map<Task, Prior>;

/// What answers for a video without scores. Throws InputError when it is not known.
const Prior& prior_for(Task task, const Priors& priors, const std::string& video);

/// Over all known labels of the set; all zeros when there are none.
Prior prior_of(const LabelSet& labels);

}  // namespace mien
