// Neighbours of rows with few columns, by a k-d tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/neighbors/kd_tree.hpp"
#include "core/neighbors/points.hpp"

namespace cupel {

// From more columns on, comparing all pairs is faster.
inline constexpr std::size_t kFewColumns = 8;

// Lists as nearest_of_all() and nearest_of_queries() want them. Require cols <= kFewColumns.
template <typename T>
void nearest_in_tree(const Points<T>& points, const Execution& execution, const NeighborLists& out);
template <typename T>
void nearest_in_tree(const Points<T>& points, const Points<T>& queries, const Execution& execution,
                     const NeighborLists& out);

// Gives `sink` every pair of these rows within the radius once, from several threads, as positions
// in `rows`.
template <typename T>
void pairs_in_tree(const Points<T>& points, std::span<const std::uint32_t> rows, double radius,
                   const Execution& execution, const KdTree::PairSink& sink);

}  // namespace cupel
