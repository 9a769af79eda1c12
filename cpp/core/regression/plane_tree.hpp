// Points of the plane, sorted so that every node of a tree is a run of them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/regression/distance_series.hpp"
#include "cupel/execution.hpp"

namespace cupel::regression {

// A run of points with the box around them.
struct PlaneNode {
  std::size_t begin;
  std::size_t end;
  std::size_t children = 0;  // the first of two neighbouring nodes; 0 for a leaf
  double left, right, bottom, top;

  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] bool is_leaf() const { return children == 0; }
  [[nodiscard]] double center_x() const { return 0.5 * left + 0.5 * right; }
  [[nodiscard]] double center_y() const { return 0.5 * bottom + 0.5 * top; }
  // Half the diagonal.
  [[nodiscard]] double radius() const {
    return std::hypot(0.5 * (right - left), 0.5 * (top - bottom));
  }

  // Distances of a point to the box's nearest and farthest points.
  [[nodiscard]] double nearest(double x, double y) const {
    const double dx = std::max({left - x, x - right, 0.0});
    const double dy = std::max({bottom - y, y - top, 0.0});
    return std::sqrt(dx * dx + dy * dy);
  }
  [[nodiscard]] double farthest(double x, double y) const {
    const double dx = std::max(x - left, right - x);
    const double dy = std::max(y - bottom, top - y);
    return std::sqrt(dx * dx + dy * dy);
  }
};

class PlaneTree {
 public:
  static constexpr std::size_t kLeafPoints = 16;
  // Nodes of so many points have a series: below, its terms cost more than the points.
  static constexpr std::size_t kSeriesPoints = 64;

  // Throws std::invalid_argument where a coordinate is not finite. O(n log(n)).
  PlaneTree(std::span<const double> x, std::span<const double> y, const Execution& execution);

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] const PlaneNode& node(std::size_t i) const { return nodes_[i]; }
  // Nodes that are leaves, in the order of their points.
  [[nodiscard]] std::span<const std::size_t> leaves() const { return leaves_; }
  // The coordinates in the tree's order, and where each came from.
  [[nodiscard]] const double* x() const { return x_.data(); }
  [[nodiscard]] const double* y() const { return y_.data(); }
  [[nodiscard]] std::size_t origin(std::size_t i) const { return order_[i]; }
  // Requires that the node has kSeriesPoints points or more.
  [[nodiscard]] const DistanceSeries& series(std::size_t node) const {
    return series_[of_node_[node]];
  }

  // Number of points at most `radius` from (x, y); O(sqrt(n)) for points spread over the plane.
  [[nodiscard]] std::size_t count_within(double x, double y, double radius) const;

 private:
  void split(std::size_t node, std::span<const double> x, std::span<const double> y);
  void bound(PlaneNode& node, std::span<const double> x, std::span<const double> y) const;
  void expand(const Execution& execution);

  std::vector<std::size_t> order_;
  std::vector<PlaneNode> nodes_;
  std::vector<std::size_t> leaves_;
  std::vector<double> x_, y_;
  std::vector<DistanceSeries> series_;
  std::vector<std::size_t> of_node_;  // which series is a node's
};

}  // namespace cupel::regression
