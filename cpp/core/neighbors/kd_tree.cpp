#include "core/neighbors/kd_tree.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/neighbors/kd_group.hpp"
#include "core/neighbors/nearest_list.hpp"
#include "core/parallel.hpp"

namespace cupel {
namespace {

constexpr std::size_t kLeafSize = KdLayout::kMaxWidth;
static_assert(kLeafSize <= NearestList::kMaxOffer);
constexpr std::size_t kRoot = 1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Calls f with `dimension` as a constant, so that loops over columns are unrolled.
template <typename F>
void with_dimension(std::size_t dimension, const F& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((dimension == I + 1 ? f(std::integral_constant<std::size_t, I + 1>{}) : void()), ...);
  }(std::make_index_sequence<KdTree::kMaxDimension>{});
}

// The k nearest of the points of one leaf after the other: the work of one thread.
template <std::size_t D>
class NearestSearch {
 public:
  NearestSearch(const KdLayout& tree, const KdLayout& queries, const Reported& reported,
                std::size_t k)
      : k_(k),
        tree_(tree),
        queries_(queries),
        reported_(reported),
        group_(tree, queries),
        lists_(queries.width, NearestList(k, reported)) {}

  void run(std::size_t leaf, double* distances, std::int64_t* ids) {
    group_.start(leaf, kInfinity);
    if (group_.size() == 0) return;
    for (NearestList& list : lists_) list.clear();
    const bool self = &tree_ == &queries_;
    const std::size_t first = self ? leaf : home(leaf);
    for (std::size_t q = 0; q < group_.size(); ++q) scan(first, q, self ? q : 0, self ? q + 1 : 0);
    tighten();
    for (std::size_t node = tree_.leaves + first; node > kRoot; node /= 2)
      group_.descend(
          node ^ 1, [&](std::size_t other, double gap) { return pruned(other, gap); },
          [&](std::size_t other) { visit(other); });
    for (std::size_t q = 0; q < group_.size(); ++q) {
      std::size_t at = group_.id(q) * k_;
      for (const Neighbor& neighbor : lists_[q].finish()) {
        distances[at] = neighbor.distance;
        ids[at++] = neighbor.id;
      }
    }
  }

 private:
  // A leaf near the queries, to start from.
  [[nodiscard]] std::size_t home(std::size_t leaf) const {
    const double* box = queries_.box_of(queries_.leaves + leaf);
    std::size_t node = kRoot;
    while (node < tree_.leaves) {
      node *= 2;
      if (squared_gap<D>(box, tree_.box_of(node + 1)) < squared_gap<D>(box, tree_.box_of(node)))
        ++node;
    }
    return node - tree_.leaves;
  }

  // Whether all points of a node come after `last`: the best of them might be its lowest id, at the
  // distance `gap`. What is merely not nearer counts as after only by its ids.
  [[nodiscard]] bool comes_after(std::size_t node, double gap, const Neighbor& last) const {
    return tree_.lowest[node] > last.id && reported_(gap) >= last.distance;
  }
  [[nodiscard]] bool pruned(std::size_t node, double gap) const {
    return gap > widest_ || comes_after(node, gap, last_);
  }

  void visit(std::size_t leaf) {
    for (std::size_t q = 0; q < group_.size(); ++q)
      if (group_.gap_of(q) <= group_.limit(q) &&
          !comes_after(tree_.leaves + leaf, group_.gap_of(q), lists_[q].last()))
        scan(leaf, q, 0, 0);
    tighten();
  }

  void scan(std::size_t leaf, std::size_t q, std::size_t skip, std::size_t stop) {
    group_.scan(leaf, q, skip, stop);
    const auto& found = group_.found();
    lists_[q].offer(found.squares.data(), found.ids.data(), found.count);
    group_.set_limit(q, lists_[q].limit());
  }

  void tighten() {
    widest_ = group_.widest_limit();
    last_ = {0.0, 0};
    for (std::size_t q = 0; q < group_.size(); ++q) {
      last_.distance = std::max(last_.distance, lists_[q].last().distance);
      last_.id = std::max(last_.id, lists_[q].last().id);
    }
  }

  std::size_t k_;
  const KdLayout& tree_;
  const KdLayout& queries_;
  Reported reported_;
  KdGroup<D> group_;
  std::vector<NearestList> lists_;
  double widest_ = kInfinity;
  Neighbor last_{};  // no list's last comes after this one
};

// The pairs of the points of one leaf with each other and with those of later leaves: the work of
// one thread.
template <std::size_t D>
class PairSearch {
 public:
  using Sink = std::function<void(std::span<const NeighborPair>)>;

  // Gives pairs to `sink` in batches and asks `proceed` after each: there can be very many.
  PairSearch(const KdLayout& tree, const Reported& reported, double radius, const Sink& sink,
             const Proceed& proceed)
      : tree_(tree),
        reported_(reported),
        radius_(radius),
        limit_(largest_square(reported, radius)),
        sink_(sink),
        proceed_(proceed),
        group_(tree, tree) {
    pairs_.reserve(kBatch + kLeafSize);
  }

  // False if it was told not to proceed.
  bool run(std::size_t leaf) {
    group_.start(leaf, limit_);
    for (std::size_t q = 0; q < group_.size(); ++q) scan(leaf, q, q + 1);
    // Right siblings on the way to the root hold just the later leaves.
    for (std::size_t node = tree_.leaves + leaf; node > kRoot; node /= 2)
      if (node % 2 == 0)
        group_.descend(
            node + 1, [&](std::size_t, double gap) { return stopped_ || gap > limit_; },
            [&](std::size_t other) {
              for (std::size_t q = 0; q < group_.size(); ++q)
                if (group_.gap_of(q) <= limit_) scan(other, q, 0);
            });
    return !stopped_;
  }

  // Gives away what is left.
  void flush() {
    if (!pairs_.empty()) sink_(pairs_);
    pairs_.clear();
  }

 private:
  static constexpr std::size_t kBatch = 1024;

  void scan(std::size_t leaf, std::size_t q, std::size_t from) {
    group_.scan(leaf, q, 0, from);
    const auto& found = group_.found();
    const std::int64_t own = group_.id(q);
    for (std::size_t i = 0; i < found.count; ++i) {
      const double distance = reported_(found.squares[i]);
      if (!(distance <= radius_)) continue;
      const std::int64_t other = found.ids[i];
      pairs_.push_back({std::min(own, other), std::max(own, other), distance});
    }
    if (pairs_.size() < kBatch) return;
    flush();
    stopped_ = stopped_ || !proceed_();
  }

  const KdLayout& tree_;
  Reported reported_;
  double radius_;
  double limit_;
  Sink sink_;
  const Proceed& proceed_;
  KdGroup<D> group_;
  bool stopped_ = false;
  std::vector<NeighborPair> pairs_;
};

}  // namespace

KdTree::KdTree(std::vector<double> points, std::size_t dimension, Reported reported,
               std::size_t leaf_size, const Execution& execution)
    : reported_(reported), layout_(points.size() / dimension, dimension, leaf_size) {
  with_dimension(dimension,
                 [&](auto d) { KdBuilder<d()>(layout_, execution).build(std::move(points)); });
}

KdTree::KdTree(std::vector<double> points, std::size_t dimension, Reported reported,
               const Execution& execution)
    : KdTree(std::move(points), dimension, reported, kLeafSize, execution) {}

void KdTree::nearest_of_all(std::size_t k, const Execution& execution, std::span<double> distances,
                            std::span<std::int64_t> ids) const {
  search(*this, k, execution, distances, ids);
}

void KdTree::nearest(std::span<const double> queries, std::size_t k, const Execution& execution,
                     std::span<double> distances, std::span<std::int64_t> ids) const {
  if (queries.empty()) return;
  // As many queries to a leaf as lie within about one leaf of this tree.
  const std::size_t count = queries.size() / layout_.dimension;
  const std::size_t leaf_size =
      std::clamp<std::size_t>(kLeafSize * count / layout_.size, 1, kLeafSize);
  const KdTree grouped({queries.begin(), queries.end()}, layout_.dimension, reported_, leaf_size,
                       execution);
  search(grouped, k, execution, distances, ids);
}

void KdTree::search(const KdTree& queries, std::size_t k, const Execution& execution,
                    std::span<double> distances, std::span<std::int64_t> ids) const {
  constexpr std::size_t grain = 8;  // leaves
  const std::size_t leaves = queries.layout_.leaves;
  const std::size_t workers =
      worker_count(execution, (leaves + grain - 1) / grain, queries.size() * (k + 8) * 64);
  with_dimension(layout_.dimension, [&](auto d) {
    std::vector<NearestSearch<d()>> searches(
        workers, NearestSearch<d()>(layout_, queries.layout_, reported_, k));
    parallel_blocks(execution, workers, leaves, grain,
                    [&](std::size_t worker, std::size_t begin, std::size_t end) {
                      for (std::size_t leaf = begin; leaf < end; ++leaf)
                        searches[worker].run(leaf, distances.data(), ids.data());
                    });
  });
}

std::size_t KdTree::pair_workers(const Execution& execution) const {
  return worker_count(execution, layout_.leaves, layout_.size * 256);
}

void KdTree::pairs_within(double radius, const Execution& execution, const PairSink& sink) const {
  std::atomic<std::size_t> next{0};
  with_dimension(layout_.dimension, [&](auto d) {
    parallel_workers(
        execution, pair_workers(execution), [&](std::size_t worker, const Proceed& proceed) {
          const auto give = [&](std::span<const NeighborPair> pairs) { sink(worker, pairs); };
          PairSearch<d()> search(layout_, reported_, radius, give, proceed);
          while (proceed()) {
            const std::size_t leaf = next.fetch_add(1, std::memory_order_relaxed);
            if (leaf >= layout_.leaves) return search.flush();
            if (!search.run(leaf)) return;
          }
        });
  });
}

}  // namespace cupel
