// What every example contributes to predicting the labels of its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cupel/execution.hpp"

namespace cupel {

// The neighbours of every row, nearest first: of row i they are indices[i * stride + j], j < k.
// Read where they lie; another thread may write to them.
template <typename Index>
struct NeighborsView {
  const Index* indices = nullptr;
  std::size_t rows = 0;
  std::size_t k = 0;
  std::size_t stride = 0;
};

// Shapley values of a k-nearest-neighbours classifier, as whole numbers: with match(a, j) = 1 where
// row a has the label of its neighbour j, else 0,
//   sums[i] = sum over the rows a with i as neighbour j of  match(a, j) - match(a, k - 1).
//
// Labels are equal where the numbers are. Requires labels.size() == sums.size() == neighbors.rows
// and 1 <= k <= stride. Throws std::invalid_argument where an index is outside [0, rows). Integers:
// the same for every thread count. O(rows * k), threaded; O(rows) memory for each thread. Index is
// std::int32_t or std::int64_t.
template <typename Index>
void knn_shapley_sums(std::span<const std::int64_t> labels, const NeighborsView<Index>& neighbors,
                      const Execution& execution, std::span<std::int64_t> sums);

// Puts the rows identical to a row before its other neighbours, in the order of rows; as many of
// those as there is room for keep their order. `lowest[i]` is the lowest row identical to row i, as
// identical_rows says; `neighbors` holds k of each row, and is changed.
//
// Requires neighbors.size() == lowest.size() * k. Throws std::invalid_argument where lowest[i] is
// outside [0, i]. O(rows * k), on the calling thread.
void put_identical_first(std::span<const std::int64_t> lowest, std::size_t k,
                         std::span<std::int64_t> neighbors);

}  // namespace cupel
