// Exact nearest neighbours of the rows of a set among each other.
#pragma once

#include <functional>
#include <span>

#include "core/neighbors/search.hpp"

namespace cupel {

// Calls write(i, nearest) once for every distinct row i with its `count` nearest others, ascending;
// from several threads. Requires count < number of distinct rows.
//
// A round of approximate search first bounds every row's k-th distance from above. Where rows of
// many columns vary in few directions, all pairs are then compared in these directions only
// (Projection), which finds most of them too far apart, and float64 decides about the rest.
// Otherwise all pairs are compared in float32, as search() does. Memory beyond the result: about
// one float32 copy of the rows and 16 count bytes a row.
template <typename T>
void search_itself(const Points<T>& points, const DistinctRows& distinct, std::size_t count,
                   const Execution& execution,
                   const std::function<void(std::size_t i, std::span<const Near> nearest)>& write);

}  // namespace cupel
