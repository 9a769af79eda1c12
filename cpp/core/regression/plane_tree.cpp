#include "core/regression/plane_tree.hpp"

#include <numeric>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"

namespace cupel::regression {
namespace {

void require_finite(std::span<const double> x, std::span<const double> y) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x[i]) || !std::isfinite(y[i]))
      throw std::invalid_argument("point " + std::to_string(i) + " is not finite");
}

std::size_t within(const double* x, const double* y, std::size_t n, double at_x, double at_y,
                   double squared_radius) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double dx = x[i] - at_x;
    const double dy = y[i] - at_y;
    count += dx * dx + dy * dy <= squared_radius ? 1 : 0;
  }
  return count;
}

}  // namespace

PlaneTree::PlaneTree(std::span<const double> x, std::span<const double> y,
                     const Execution& execution)
    : order_(x.size()), x_(x.begin(), x.end()), y_(y.begin(), y.end()) {
  require_finite(x_, y_);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  const std::vector<double> own_x(x_), own_y(y_);
  nodes_.push_back({0, order_.size(), 0, 0.0, 0.0, 0.0, 0.0});
  split(0, own_x, own_y);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    x_[i] = own_x[order_[i]];
    y_[i] = own_y[order_[i]];
  }
  expand(execution);
}

// Splits nodes at the median of their longer side. Its depth is the logarithm of the size.
void PlaneTree::split(std::size_t node, std::span<const double> x, std::span<const double> y) {
  bound(nodes_[node], x, y);
  const PlaneNode parent = nodes_[node];
  if (parent.size() <= kLeafPoints) {
    leaves_.push_back(node);
    return;
  }
  const bool across = parent.right - parent.left >= parent.top - parent.bottom;
  const std::span<const double> along = across ? x : y;
  const auto at = [&](std::size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
  const std::size_t middle = parent.begin + parent.size() / 2;
  std::nth_element(at(parent.begin), at(middle), at(parent.end), [&](std::size_t a, std::size_t b) {
    return along[a] != along[b] ? along[a] < along[b] : a < b;
  });
  const std::size_t first = nodes_.size();
  nodes_[node].children = first;
  nodes_.push_back({parent.begin, middle, 0, 0.0, 0.0, 0.0, 0.0});
  nodes_.push_back({middle, parent.end, 0, 0.0, 0.0, 0.0, 0.0});
  split(first, x, y);
  split(first + 1, x, y);
}

void PlaneTree::bound(PlaneNode& node, std::span<const double> x, std::span<const double> y) const {
  node.left = node.right = x[order_[node.begin]];
  node.bottom = node.top = y[order_[node.begin]];
  for (std::size_t i = node.begin; i < node.end; ++i) {
    node.left = std::min(node.left, x[order_[i]]);
    node.right = std::max(node.right, x[order_[i]]);
    node.bottom = std::min(node.bottom, y[order_[i]]);
    node.top = std::max(node.top, y[order_[i]]);
  }
}

void PlaneTree::expand(const Execution& execution) {
  std::vector<std::size_t> large;
  of_node_.assign(nodes_.size(), 0);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].size() >= kSeriesPoints) {
      of_node_[i] = large.size();
      large.push_back(i);
    }
  series_.resize(large.size());
  const std::size_t bytes = size() * sizeof(double) * 64;  // about the work, in passes over them
  parallel_blocks(execution, worker_count(execution, large.size(), bytes), large.size(), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const PlaneNode& node = nodes_[large[i]];
                      series_[i] = DistanceSeries({x_.data() + node.begin, node.size()},
                                                  {y_.data() + node.begin, node.size()},
                                                  node.center_x(), node.center_y(), node.radius());
                    }
                  });
}

std::size_t PlaneTree::count_within(double x, double y, double radius) const {
  if (radius < 0.0) return 0;
  std::size_t count = 0;
  std::array<std::size_t, 128> stack;  // one node of every level waits, at most
  std::size_t waiting = 0;
  stack[waiting++] = 0;
  while (waiting > 0) {
    const PlaneNode& node = nodes_[stack[--waiting]];
    if (node.nearest(x, y) > radius) continue;
    if (node.farthest(x, y) <= radius) {
      count += node.size();
    } else if (node.is_leaf()) {
      count += within(x_.data() + node.begin, y_.data() + node.begin, node.size(), x, y,
                      radius * radius);
    } else {
      stack[waiting++] = node.children;
      stack[waiting++] = node.children + 1;
    }
  }
  return count;
}

}  // namespace cupel::regression
