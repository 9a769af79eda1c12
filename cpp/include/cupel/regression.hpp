// What quality scores of numeric labels are made of.
#pragma once

#include <cstddef>
#include <span>

#include "cupel/execution.hpp"

namespace cupel {

// out[i] = mean distance from point (x[i], y[i]) of the plane to the `k` points nearest to it,
// itself among them at distance 0.
//
// Requires x.size() == y.size() == out.size(), and 1 <= k <= that (0 points: nothing is done).
// Throws std::invalid_argument where a coordinate is not finite. The coordinates are copied first,
// so another thread may write to them. Within 2e-8 of the exact value, relatively; the same bits
// for every thread count. Ties do not matter: only distances are summed.
//
// O(n^1.5) expected for points spread over the plane, O(n^2) at worst (all but a few of them far
// outliers, say); O(n) memory. Threaded, and interruptible.
void mean_nearest_distances(std::span<const double> x, std::span<const double> y, std::size_t k,
                            const Execution& execution, std::span<double> out);

}  // namespace cupel
