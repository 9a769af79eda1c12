// The nodes of a k-d tree and how they are made.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "core/parallel.hpp"

namespace cupel {

// How a tree lies in memory. Nodes are numbered as in a heap: the root is 1, the children of i are
// 2i and 2i + 1, the leaves are the last `leaves` numbers. Points are dealt out evenly whatever
// their values, so the tree is complete and log2(leaves) deep.
struct KdLayout {
  static constexpr std::uint32_t kNoId = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t kMaxWidth = 32;

  std::size_t size = 0;
  std::size_t dimension = 0;
  std::size_t leaves = 1;
  std::size_t width = 0;              // places per leaf, even; empty ones hold nan and kNoId
  std::vector<double> points;         // leaf by leaf, column by column
  std::vector<std::uint32_t> ids;     // leaf by leaf
  std::vector<double> boxes;          // node by node: lowest values, then highest values
  std::vector<std::uint32_t> lowest;  // node by node: the lowest id

  // Only sets the sizes. `leaf_size`: points per leaf at most, up to kMaxWidth.
  KdLayout(std::size_t n, std::size_t columns, std::size_t leaf_size)
      : size(n), dimension(columns) {
    const auto largest = [&] { return (size + leaves - 1) / leaves; };
    while (largest() > leaf_size) leaves *= 2;
    width = std::max<std::size_t>(2, largest() + largest() % 2);
  }

  [[nodiscard]] const double* points_of(std::size_t leaf) const {
    return points.data() + leaf * dimension * width;
  }
  [[nodiscard]] const std::uint32_t* ids_of(std::size_t leaf) const {
    return ids.data() + leaf * width;
  }
  [[nodiscard]] const double* box_of(std::size_t node) const {
    return boxes.data() + node * 2 * dimension;
  }
  [[nodiscard]] std::size_t size_of(std::size_t leaf) const {
    std::size_t count = width;
    while (count > 0 && ids_of(leaf)[count - 1] == kNoId) --count;
    return count;
  }
};

// Sorts points into a layout whose sizes are set. The number of columns is a constant, so that
// loops over them are unrolled.
template <std::size_t D>
class KdBuilder {
 public:
  KdBuilder(KdLayout& layout, const Execution& execution)
      : layout_(layout), execution_(execution), items_(layout.size) {}

  // Frees the points as soon as it has read them.
  void build(std::vector<double> points) {
    load(points);
    points = {};
    const std::size_t leaves = layout_.leaves;
    layout_.points.resize(leaves * D * layout_.width);
    layout_.ids.resize(leaves * layout_.width);
    layout_.boxes.resize(2 * leaves * 2 * D);
    layout_.lowest.resize(2 * leaves);
    std::vector<Node> level{{1, 0, items_.size()}};
    while (level.front().end - level.front().begin > kTask) level = split_all(level);
    each_of(level, [&](std::size_t i) { finish(level[i]); });
  }

 private:
  struct Item {
    std::array<double, D> x;
    std::uint32_t id;
  };
  struct Node {
    std::size_t index, begin, end;
  };
  static constexpr std::size_t kTask = 1u << 14;  // points one thread works on between polls

  [[nodiscard]] std::size_t workers(std::size_t blocks) const {
    return worker_count(execution_, blocks, items_.size() * sizeof(Item) * 8);
  }

  template <typename F>
  void each_of(const std::vector<Node>& nodes, const F& f) {
    parallel_blocks(execution_, workers(nodes.size()), nodes.size(), 1,
                    [&](std::size_t, std::size_t begin, std::size_t) { f(begin); });
  }

  void load(const std::vector<double>& points) {
    parallel_blocks(execution_, workers(items_.size() / kTask), items_.size(), kTask,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      for (std::size_t i = begin; i < end; ++i) {
                        items_[i].id = static_cast<std::uint32_t>(i);
                        for (std::size_t d = 0; d < D; ++d) {
                          const double x = points[i * D + d];
                          items_[i].x[d] = std::isfinite(x) ? x : 0.0;
                        }
                      }
                    });
  }

  std::vector<Node> split_all(const std::vector<Node>& level) {
    std::vector<Node> next(2 * level.size());
    each_of(level,
            [&](std::size_t i) { std::tie(next[2 * i], next[2 * i + 1]) = split(level[i]); });
    return next;
  }

  // As deep as the tree.
  void finish(const Node& node) {
    if (node.index >= layout_.leaves) return write_leaf(node);
    const auto [low, high] = split(node);
    finish(low);
    finish(high);
  }

  // At the median of the longest side. Equal values are split by id, so that among many identical
  // points the lowest ids lie together.
  std::pair<Node, Node> split(const Node& node) {
    const double* low = write_box(node);
    const double* high = low + D;
    std::size_t longest = 0;
    for (std::size_t d = 1; d < D; ++d)
      if (high[d] - low[d] > high[longest] - low[longest]) longest = d;
    const std::size_t middle = node.begin + (node.end - node.begin) / 2;
    const auto at = [&](std::size_t i) { return items_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(at(node.begin), at(middle), at(node.end), [&](const Item& a, const Item& b) {
      return a.x[longest] != b.x[longest] ? a.x[longest] < b.x[longest] : a.id < b.id;
    });
    return {{2 * node.index, node.begin, middle}, {2 * node.index + 1, middle, node.end}};
  }

  const double* write_box(const Node& node) {
    std::array<double, D> low;
    std::array<double, D> high;
    low.fill(std::numeric_limits<double>::infinity());
    high.fill(-std::numeric_limits<double>::infinity());
    std::uint32_t lowest = KdLayout::kNoId;
    for (std::size_t i = node.begin; i < node.end; ++i) {
      const Item& item = items_[i];
      for (std::size_t d = 0; d < D; ++d) {
        low[d] = std::min(low[d], item.x[d]);
        high[d] = std::max(high[d], item.x[d]);
      }
      lowest = std::min(lowest, item.id);
    }
    layout_.lowest[node.index] = lowest;
    double* box = layout_.boxes.data() + node.index * 2 * D;
    std::copy(low.begin(), low.end(), box);
    std::copy(high.begin(), high.end(), box + D);
    return box;
  }

  void write_leaf(const Node& node) {
    write_box(node);
    const std::size_t leaf = node.index - layout_.leaves;
    double* points = layout_.points.data() + leaf * D * layout_.width;
    std::uint32_t* ids = layout_.ids.data() + leaf * layout_.width;
    std::fill_n(points, D * layout_.width, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(ids, layout_.width, KdLayout::kNoId);
    for (std::size_t i = 0; i < node.end - node.begin; ++i) {
      const Item& item = items_[node.begin + i];
      for (std::size_t d = 0; d < D; ++d) points[d * layout_.width + i] = item.x[d];
      ids[i] = item.id;
    }
  }

  KdLayout& layout_;
  const Execution& execution_;
  std::vector<Item> items_;
};

}  // namespace cupel
