// Thresholds as the kernels compare with them.
#pragma once

#include <vector>

#include "cupel/count.hpp"
#include "kernels/kernels.hpp"

namespace cupel {

// cuts[k]: the lowest value of T that counts as confident in class k, such that p >= cuts[k] is
// cleanlab's p >= t[k] - 1e-6 in the type NumPy would compare in. Padded with +infinity.
template <typename T>
std::vector<Compute<T>> confident_cuts(const Thresholds& thresholds);

}  // namespace cupel
