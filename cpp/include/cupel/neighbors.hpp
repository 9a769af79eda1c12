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

struct Approximation {
  double target_recall = 0.95;
  std::uint64_t seed = 0;
};

// How much of the exact lists an approximate graph holds: the mean share of each row's k nearest,
// over `sample` random rows that were also searched exactly, and a 95 % interval for it.
struct Recall {
  double mean = 1.0;
  double low = 1.0;
  double high = 1.0;
  std::size_t sample = 0;     // 0 if the graph is exact
  std::size_t rechecked = 0;  // rows of the largest mean distance, then searched exactly
};

// The k nearest other rows, most of them: rows are compared within groups around random leaders,
// again and again with other leaders, until the target is reached on a sample. (Where comparing a
// quarter of all pairs does not reach it, all are compared, and the graph is exact.) The most
// outlying 1 % of the rows are then searched exactly. Distances are exact; the same for every
// number of threads; the last bits of a near-tie can make a difference between instruction sets.
// Small sets, and few columns, are searched exactly. O(rows^1.5 cols) per round. Requires 1 <= k <
// rows.
template <typename T>
Recall nearest_of_all_approximately(MatrixView<T> features, Metric metric,
                                    const Approximation& options, const Execution& execution,
                                    NeighborLists out);

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
