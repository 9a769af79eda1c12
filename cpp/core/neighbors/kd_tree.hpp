// Exact neighbours of points with few columns, by a k-d tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/neighbors/kd_layout.hpp"
#include "core/neighbors/points.hpp"
#include "cupel/execution.hpp"
#include "cupel/neighbors.hpp"

namespace cupel {

// A k-d tree over a copy of the points. The squared distance of two points is the sum of (a - b)^2
// over the columns in ascending order, in double; neighbours are ordered by the reported distance,
// then by the lower id. Results are those of comparing all pairs, for every thread count.
//
// Immutable once built: all methods are thread-safe. They poll execution.interrupted and throw
// Interrupted. Memory: about 10 * dimension + 6 bytes per point, twice as much while being built.
class KdTree {
 public:
  static constexpr std::size_t kMaxDimension = 9;

  // `points`: n x dimension, row-major, n < 2^32 - 1; ids are 0..n-1. A value that is not finite
  // counts as 0. Requires 1 <= dimension <= kMaxDimension. O(n log n).
  KdTree(std::vector<double> points, std::size_t dimension, Reported reported,
         const Execution& execution);

  [[nodiscard]] std::size_t size() const { return layout_.size; }

  // The k nearest others of each point, ascending: n x k distances and ids. Requires 1 <= k < n.
  // About O(n (log n + k)) while 2^dimension is small against n; O(n^2) at worst.
  void nearest_of_all(std::size_t k, const Execution& execution, std::span<double> distances,
                      std::span<std::int64_t> ids) const;

  // The k nearest points of each of m queries (m x dimension, row-major), ascending: m x k
  // distances and ids. Requires 1 <= k <= n. Cost as above, with m (log m + log n + k).
  void nearest(std::span<const double> queries, std::size_t k, const Execution& execution,
               std::span<double> distances, std::span<std::int64_t> ids) const;

  // Takes some pairs; called by several workers at once, each with its own number.
  using PairSink = std::function<void(std::size_t worker, std::span<const NeighborPair> pairs)>;

  // Workers pairs_within is going to use: their numbers are below this one.
  [[nodiscard]] std::size_t pair_workers(const Execution& execution) const;

  // Gives `sink` every pair of points whose reported distance is at most `radius`, once, in no
  // particular order. Requires radius >= 0. O(n log n + pairs). What `sink` throws ends the call.
  void pairs_within(double radius, const Execution& execution, const PairSink& sink) const;

 private:
  // `leaf_size`: points per leaf, at most.
  KdTree(std::vector<double> points, std::size_t dimension, Reported reported,
         std::size_t leaf_size, const Execution& execution);

  void search(const KdTree& queries, std::size_t k, const Execution& execution,
              std::span<double> distances, std::span<std::int64_t> ids) const;

  Reported reported_;
  KdLayout layout_;
};

}  // namespace cupel
