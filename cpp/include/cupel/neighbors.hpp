// Nearest neighbours, exactly: k-NN lists, pairs within a radius, identical rows.
//
// Everywhere: rows of `features` are finite (nan or infinity give unspecified results, never a
// crash), there are fewer than 2^32 of them, and results depend neither on threads nor on the
// instruction set. Functions are thread-safe. Memory beyond input and result: one float32 copy of
// the matrix and 8 bytes for each of about k + 8 candidates per row; never rows * rows.
//
// Distances are computed in float64 from the differences of two rows, so that near-duplicates keep
// all their digits. A float32 pass only chooses which pairs are computed; an error bound proves for
// every row that the choice left nothing out, and rows for which it cannot are searched again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

enum class Metric : std::uint8_t {
  kEuclidean,
  // 1 - cos(x, y), computed as |x/|x| - y/|y||^2 / 2. A zero vector is at distance 1 from every
  // other vector and at 0 from another zero vector.
  kCosine,
};

// The k nearest of each row, row after row, ascending by (distance, index).
struct NeighborLists {
  std::span<double> distances;
  std::span<std::int64_t> indices;
  std::size_t k;
};

// The k nearest other rows of every row of a matrix. Requires 1 <= k < rows.
// O(rows^2 cols) for many columns, about O(rows log(rows)) for up to eight.
template <typename T>
void nearest_of_all(MatrixView<T> features, Metric metric, const Execution& execution,
                    NeighborLists out);

// The k nearest rows of `features` for each query. Requires 1 <= k <= rows and equal columns.
template <typename T>
void nearest_of_queries(MatrixView<T> features, MatrixView<T> queries, Metric metric,
                        const Execution& execution, NeighborLists out);

struct NeighborPair {
  std::int64_t first, second;  // first < second
  double distance;
};

// All pairs of rows at most `radius` apart, ordered by (first, second).
template <typename T>
std::vector<NeighborPair> pairs_within(MatrixView<T> features, Metric metric, double radius,
                                       const Execution& execution);

// group[i]: the lowest row that row i is connected to by steps of at most `radius`. The pairs are
// not stored, so that large groups cost no memory.
template <typename T>
void groups_within(MatrixView<T> features, Metric metric, double radius, const Execution& execution,
                   std::span<std::int64_t> group);

// group[i]: the lowest row equal to row i (0.0 equals -0.0). O(rows * cols) by hashing.
template <typename T>
void identical_rows(MatrixView<T> features, const Execution& execution,
                    std::span<std::int64_t> group);

// The first row that holds nan or an infinity, or features.rows.
template <typename T>
std::size_t first_nonfinite_row(MatrixView<T> features, const Execution& execution);

}  // namespace cupel
