// Mean and spread of each dimension of the training rows: what `normalize: standardize` needs.
#pragma once

#include <vector>

namespace mien {

struct Dataset;

struct InputMoments {
  std::vector<double> mean;  ///< [D]
  std::vector<double> std;   ///< [D], population; 1 where a dimension never changes
};

/// Over all rows, in two passes in double; the same bits for any number of threads and any device.
InputMoments input_moments(const Dataset& data);

}  // namespace mien
