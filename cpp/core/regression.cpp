#include "cupel/regression.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/parallel.hpp"
#include "core/regression/plane_tree.hpp"

namespace cupel {
namespace {

using regression::DistanceSeries;
using regression::PlaneNode;
using regression::PlaneTree;

// Bounds of distances are moved apart by this share, far more than they can be wrong by rounding.
constexpr double kSlack = 1e-12;
constexpr std::size_t kLeavesPerBlock = 64;
static_assert(PlaneTree::kLeafPoints == DistanceSeries::kPlaces);

struct Points {
  std::vector<double> x, y;

  void clear() {
    x.clear();
    y.clear();
  }
  void add(const double* from_x, const double* from_y, std::size_t n) {
    x.insert(x.end(), from_x, from_x + n);
    y.insert(y.end(), from_y, from_y + n);
  }
};

// A range that the distance to a place's k-th nearest point lies in: above `low`, at most `high`.
struct Bracket {
  double low;
  double high;
};

std::size_t count_up_to(const std::vector<double>& values, double limit) {
  std::size_t count = 0;
  for (const double value : values) count += value <= limit ? 1 : 0;
  return count;
}

// Sum of the roots of the values up to `limit`, in an order that compilers can vectorise.
double sum_of_roots(const std::vector<double>& values, double limit) {
  constexpr std::size_t lanes = 8;
  const auto root = [&](std::size_t i) { return std::sqrt(values[i] <= limit ? values[i] : 0.0); };
  double sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += root(i + l);
  for (; i < values.size(); ++i) sums[0] += root(i);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The sum of the roots of the `wanted` smallest values. Finds the last of them by interpolation:
// values are counted, and those near where it should be collected, until it is among these.
class SmallestRoots {
 public:
  // `low` and `high`: bounds that it probably is above and up to; others only cost time.
  double sum(const std::vector<double>& values, std::size_t wanted, double low, double high) {
    if (wanted == 0) return 0.0;
    find(values, wanted, low, high);
    const auto last = window_.begin() + static_cast<std::ptrdiff_t>(wanted - below_);
    std::nth_element(window_.begin(), last - 1,
                     window_.begin() + static_cast<std::ptrdiff_t>(found_));
    double rest = 0.0;
    for (auto value = window_.begin(); value != last; ++value) rest += std::sqrt(*value);
    return sum_of_roots(values, low_) + rest;
  }

 private:
  static constexpr double kHalfWindow = 48.0;  // values to collect on either side
  static constexpr int kMostTries = 8;         // enough unless many values are equal

  // Leaves the wanted value among the first found_ of window_: those above low_, up to high_.
  // below_ values are lower.
  void find(const std::vector<double>& values, std::size_t wanted, double low, double high) {
    std::size_t below = count_up_to(values, low);
    std::size_t up_to = count_up_to(values, high);
    for (int tries = 0; tries < kMostTries && below < wanted && wanted <= up_to; ++tries) {
      const auto between = static_cast<double>(up_to - below);
      const double step = (high - low) / between;
      const double guess = low + step * static_cast<double>(wanted - below);
      const double half = kHalfWindow * step;
      collect(values, std::max(low, guess - half), std::min(high, guess + half));
      if (wanted <= below_) {
        high = low_;
        up_to = below_;
      } else if (wanted > below_ + found_) {
        low = high_;
        below = below_ + found_;
      } else {
        return;
      }
    }
    collect(values, -1.0, kInfinity);
  }

  void collect(const std::vector<double>& values, double low, double high) {
    if (window_.size() < values.size()) window_.resize(values.size());
    std::size_t below = 0;
    std::size_t found = 0;
    for (const double value : values) {  // without branches: which way they go is random
      window_[found] = value;
      found += static_cast<std::size_t>(value > low) & static_cast<std::size_t>(value <= high);
      below += value <= low ? 1 : 0;
    }
    low_ = low;
    high_ = high;
    below_ = below;
    found_ = found;
  }

  std::vector<double> window_;
  std::size_t found_ = 0;
  double low_ = 0.0;
  double high_ = 0.0;
  std::size_t below_ = 0;
};

// Sums the distances of the k nearest points for the places of one leaf at a time: which points are
// inside or outside of every place's circle is found once for all of them.
class LeafSums {
 public:
  LeafSums(const PlaneTree& tree, std::size_t k) : tree_(tree), k_(k) {}

  // sums[i] for the points of leaf `leaf` of the tree, in its order.
  void run(const PlaneNode& leaf, double* sums) {
    const bool moved = !known_ || center_x_ != leaf.center_x() || center_y_ != leaf.center_y();
    if (!moved && radius_ == 0.0 && leaf.radius() == 0.0) {  // all the one place of the last leaf
      std::fill(sums, sums + leaf.size(), last_sum_);
      return;
    }
    center_x_ = leaf.center_x();
    center_y_ = leaf.center_y();
    radius_ = leaf.radius();
    find_bracket();
    inside_ = 0;
    near_.clear();
    unsure_.clear();
    const double slack = kSlack * (bracket_.high + radius_);
    inner_ = bracket_.low - 2.0 * radius_ - slack;
    outer_ = bracket_.high + 2.0 * radius_ + slack;
    DistanceSeries::Places x, y, far{};
    for (std::size_t j = 0; j < x.size(); ++j) {
      const std::size_t i = std::min(leaf.begin + j, leaf.end - 1);
      x[j] = tree_.x()[i];
      y[j] = tree_.y()[i];
    }
    sort_node(0, x, y, far);
    for (std::size_t j = 0; j < leaf.size(); ++j) {
      std::size_t same = 0;  // the first of equal places
      while (x[same] != x[j] || y[same] != y[j]) ++same;
      sums[j] = same < j ? sums[same] : far[j] + near_sum(x[j], y[j]);
    }
    last_sum_ = sums[0];
  }

 private:
  // Brackets the k-th distance from the leaf's centre. Between places a apart it differs by at most
  // a, so the bracket of the last leaf tells where to begin.
  void find_bracket() {
    const double moved = std::hypot(center_x_ - known_x_, center_y_ - known_y_);
    const PlaneNode& root = tree_.node(0);
    const double slack = 1.0 + kSlack;
    const double most = root.farthest(center_x_, center_y_) * slack;
    Bracket b{-1.0, most};
    if (known_) b = {bracket_.low - moved * slack, std::min(most, bracket_.high + moved * slack)};
    const auto enough = [&] { return std::max({0.25 * radius_, 1e-3 * b.high, 1e-6 * most}); };
    while (b.high - std::max(b.low, 0.0) > enough()) {
      const double middle = 0.5 * b.low + 0.5 * b.high;
      if (tree_.count_within(center_x_, center_y_, middle) < k_)
        b.low = middle;
      else
        b.high = middle;
    }
    bracket_ = b;
    known_x_ = center_x_;
    known_y_ = center_y_;
    known_ = true;
  }

  // Puts the node's points where they belong: inside of every place's circle, by a series or one by
  // one; unsure; or nowhere.
  void sort_node(std::size_t number, const DistanceSeries::Places& x,
                 const DistanceSeries::Places& y, DistanceSeries::Places& far) {
    const PlaneNode& node = tree_.node(number);
    if (node.nearest(center_x_, center_y_) > outer_) return;
    if (node.farthest(center_x_, center_y_) > inner_) {
      if (node.is_leaf()) return sort_points(node);
    } else if (is_far(node)) {
      inside_ += node.size();
      return tree_.series(number).add_distances(x, y, far);
    } else if (node.is_leaf() || node.size() < PlaneTree::kSeriesPoints) {
      inside_ += node.size();
      return near_.add(tree_.x() + node.begin, tree_.y() + node.begin, node.size());
    }
    sort_node(node.children, x, y, far);
    sort_node(node.children + 1, x, y, far);
  }

  [[nodiscard]] bool is_far(const PlaneNode& node) const {
    constexpr double least_gap = 1e-100;  // its square is still a number
    if (node.size() < PlaneTree::kSeriesPoints) return false;
    const double gap =
        std::hypot(node.center_x() - center_x_, node.center_y() - center_y_) - radius_;
    return gap > least_gap && node.radius() <= gap * (DistanceSeries::kReach * (1.0 - kSlack));
  }

  void sort_points(const PlaneNode& leaf) {
    for (std::size_t i = leaf.begin; i < leaf.end; ++i) {
      const double dx = tree_.x()[i] - center_x_;
      const double dy = tree_.y()[i] - center_y_;
      const double distance = std::sqrt(dx * dx + dy * dy);
      if (distance > outer_) continue;
      const bool inside = distance <= inner_;
      inside_ += inside ? 1 : 0;
      (inside ? near_ : unsure_).add(tree_.x() + i, tree_.y() + i, 1);
    }
  }

  // Sum of the distances from a place to the inside points without a series, and to as many of the
  // nearest unsure ones as are still wanted.
  double near_sum(double x, double y) {
    square_distances(near_, x, y);
    const double sure = sum_of_roots(squares_, kInfinity);
    square_distances(unsure_, x, y);
    const std::size_t wanted = std::min(k_ - std::min(k_, inside_), squares_.size());
    const double low = std::max(0.0, bracket_.low - radius_);
    const double high = bracket_.high + radius_;
    return sure + smallest_.sum(squares_, wanted, low * low * (1.0 - 4.0 * kSlack),
                                high * high * (1.0 + 4.0 * kSlack));
  }

  void square_distances(const Points& points, double x, double y) {
    squares_.resize(points.x.size());
    const double* px = points.x.data();
    const double* py = points.y.data();
    double* out = squares_.data();
    for (std::size_t i = 0; i < squares_.size(); ++i) {
      const double dx = px[i] - x;
      const double dy = py[i] - y;
      out[i] = dx * dx + dy * dy;
    }
  }

  const PlaneTree& tree_;
  std::size_t k_;
  double center_x_ = 0.0, center_y_ = 0.0, radius_ = 0.0;  // of the leaf
  Bracket bracket_{};
  bool known_ = false;  // whether bracket_ holds for the place below
  double known_x_ = 0.0, known_y_ = 0.0;
  double inner_ = 0.0, outer_ = 0.0;  // up to, and from which distance of the centre all is clear
  std::size_t inside_ = 0;
  Points near_, unsure_;  // inside points to sum one by one; points of some places' circles only
  std::vector<double> squares_;
  SmallestRoots smallest_;
  double last_sum_ = 0.0;
};

}  // namespace

void mean_nearest_distances(std::span<const double> x, std::span<const double> y, std::size_t k,
                            const Execution& execution, std::span<double> out) {
  if (x.empty()) return;
  const PlaneTree tree(x, y, execution);
  const std::span<const std::size_t> leaves = tree.leaves();
  const std::size_t blocks = (leaves.size() + kLeavesPerBlock - 1) / kLeavesPerBlock;
  const std::size_t bytes = tree.size() * (tree.size() / 8 + 64);  // about the points compared
  parallel_blocks(execution, worker_count(execution, blocks, bytes), leaves.size(), kLeavesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    LeafSums leaf_sums(tree, k);
                    std::array<double, PlaneTree::kLeafPoints> sums;
                    for (std::size_t l = begin; l < end; ++l) {
                      const PlaneNode& leaf = tree.node(leaves[l]);
                      leaf_sums.run(leaf, sums.data());
                      for (std::size_t j = 0; j < leaf.size(); ++j)
                        out[tree.origin(leaf.begin + j)] = sums[j] / static_cast<double>(k);
                    }
                  });
}

}  // namespace cupel
