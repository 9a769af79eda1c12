// Exact nearest neighbours of a set among itself, for rows of many columns that vary in few
// directions.
#pragma once

#include <functional>
#include <span>

#include "core/neighbors/search.hpp"

namespace cupel {

// First a round of approximate search, which bounds every row's k-th distance from above; then all
// pairs in a few directions only (Projection), where most are found to be too far apart; the rest
// in float64. Calls write(i, nearest) for every distinct row with its `count` nearest, ascending,
// from several threads.
//
// Returns false, without having written, where this promises no gain: few rows or columns, points
// that vary in all directions alike. Requires count < rows.
// Memory beyond the result: at most one float32 copy of the rows at a time, and 16 count bytes a
// row.
template <typename T>
bool search_projected(
    const Points<T>& points, const DistinctRows& distinct, std::size_t count,
    const Execution& execution,
    const std::function<void(std::size_t i, std::span<const Near> nearest)>& write);

}  // namespace cupel
