// Thresholds as the kernels compare with them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/exact_sum.hpp"
#include "cupel/count.hpp"
#include "kernels/kernels.hpp"

namespace cupel {

// cuts[k]: the lowest value of T that counts as confident in class k, such that p >= cuts[k] is
// cleanlab's p >= t[k] - 1e-6 in the type NumPy would compare in. Padded with +infinity.
template <typename T>
std::vector<Compute<T>> confident_cuts(const Thresholds& thresholds);

// Mean self-confidences from the sums and numbers of the examples of each class, rounded to T, as
// ThresholdAccumulator::finish gives them.
template <typename T>
Thresholds thresholds_of(std::span<const ExactSum> sums, std::span<const std::int64_t> counts);

}  // namespace cupel
