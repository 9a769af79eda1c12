// Points that look for neighbours in a k-d tree together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/neighbors/kd_layout.hpp"

namespace cupel {

// Rounding is monotone, so a computed gap between boxes is never above the computed squared
// distance of points in them: pruning by gaps needs no tolerance.
inline double gap(double low, double high, double other_low, double other_high) {
  return std::max(0.0, std::max(low - other_high, other_low - high));
}

template <std::size_t D>
double squared_gap(const double* a, const double* b) {
  double sum = 0.0;
  for (std::size_t d = 0; d < D; ++d) {
    const double side = gap(a[d], a[D + d], b[d], b[D + d]);
    sum += side * side;
  }
  return sum;
}

// What the searches share: the points of a leaf of the queries' tree are searched for together,
// because their neighbours lie in about the same leaves.
template <std::size_t D>
class KdGroup {
 public:
  static constexpr std::size_t kMaxLeaf = KdLayout::kMaxWidth;

  struct Found {
    std::size_t count;
    std::array<double, kMaxLeaf> squares;
    std::array<std::uint32_t, kMaxLeaf> ids;
  };

  KdGroup(const KdLayout& tree, const KdLayout& queries) : tree_(tree), queries_(queries) {}

  void start(std::size_t leaf, double limit) {
    points_ = queries_.points_of(leaf);
    ids_ = queries_.ids_of(leaf);
    box_ = queries_.box_of(queries_.leaves + leaf);
    size_ = queries_.size_of(leaf);
    limits_.fill(-1.0);
    std::fill_n(limits_.begin(), size_, limit);
    gaps_.fill(0.0);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t id(std::size_t q) const { return ids_[q]; }
  [[nodiscard]] double limit(std::size_t q) const { return limits_[q]; }
  void set_limit(std::size_t q, double limit) { limits_[q] = limit; }
  [[nodiscard]] double widest_limit() const {
    return *std::max_element(limits_.begin(), limits_.begin() + static_cast<std::ptrdiff_t>(size_));
  }

  // From each point to the box that was reached last: 0 at the start.
  [[nodiscard]] double gap_of(std::size_t q) const { return gaps_[q]; }

  // Visits the leaves below `top` that points could have neighbours in, near ones first. `pruned`
  // (node, squared gap) rules out nodes for the whole group.
  template <typename Pruned, typename Visit>
  void descend(std::size_t top, const Pruned& pruned, const Visit& visit) {
    struct Entry {
      std::size_t node;
      double gap;
    };
    const auto entry = [&](std::size_t node) {
      return Entry{node, squared_gap<D>(box_, tree_.box_of(node))};
    };
    std::array<Entry, 8 * sizeof(std::size_t)> stack;  // one per level
    std::size_t height = 0;
    stack[height++] = entry(top);
    while (height > 0) {
      const Entry next = stack[--height];
      if (pruned(next.node, next.gap) || !reaches(next.node)) continue;
      if (next.node >= tree_.leaves) {
        visit(next.node - tree_.leaves);
        continue;
      }
      Entry near = entry(2 * next.node);
      Entry far = entry(2 * next.node + 1);
      if (far.gap < near.gap) std::swap(near, far);
      stack[height++] = far;
      stack[height++] = near;
    }
  }

  // Finds the points of a leaf within the limit of point `q`, leaving out positions [skip, stop).
  void scan(std::size_t leaf, std::size_t q, std::size_t skip, std::size_t stop) {
    const std::size_t width = tree_.width;
    const double* others = tree_.points_of(leaf);
    std::array<double, D> x;
    for (std::size_t d = 0; d < D; ++d) x[d] = points_[d * queries_.width + q];
    std::array<double, kMaxLeaf> all;
    for (std::size_t i = 0; i < width; ++i) {
      double sum = 0.0;
      for (std::size_t d = 0; d < D; ++d) {
        const double difference = others[d * width + i] - x[d];
        sum += difference * difference;
      }
      all[i] = sum;
    }
    found_.count = 0;
    collect(all.data(), leaf, limits_[q], 0, skip);
    collect(all.data(), leaf, limits_[q], stop, width);
  }
  [[nodiscard]] const Found& found() const { return found_; }

 private:
  // Without branches, which would be mispredicted. Empty places are nan, which is within no limit.
  void collect(const double* squares, std::size_t leaf, double limit, std::size_t begin,
               std::size_t end) {
    const std::uint32_t* ids = tree_.ids_of(leaf);
    std::size_t count = found_.count;
    for (std::size_t i = begin; i < end; ++i) {
      found_.squares[count] = squares[i];
      found_.ids[count] = ids[i];
      count += squares[i] <= limit ? 1 : 0;
    }
    found_.count = count;
  }

  // Whether any point's gap to the node's box is within its limit.
  bool reaches(std::size_t node) {
    const double* box = tree_.box_of(node);
    const std::size_t width = queries_.width;
    for (std::size_t q = 0; q < width; ++q) {
      double sum = 0.0;
      for (std::size_t d = 0; d < D; ++d) {
        const double x = points_[d * width + q];
        const double side = gap(x, x, box[d], box[D + d]);
        sum += side * side;
      }
      gaps_[q] = sum;
    }
    bool any = false;
    for (std::size_t q = 0; q < width; ++q) any |= gaps_[q] <= limits_[q];
    return any;
  }

  const KdLayout& tree_;
  const KdLayout& queries_;
  const double* points_ = nullptr;
  const std::uint32_t* ids_ = nullptr;
  const double* box_ = nullptr;
  std::size_t size_ = 0;
  std::array<double, kMaxLeaf> limits_;
  std::array<double, kMaxLeaf> gaps_;
  Found found_;
};

}  // namespace cupel
