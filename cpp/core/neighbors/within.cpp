// Pairs of rows within a radius, and what they connect.
#include <algorithm>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "core/neighbors/few_columns.hpp"
#include "core/neighbors/identical.hpp"
#include "core/neighbors/join.hpp"
#include "core/neighbors/projection.hpp"
#include "core/union_find.hpp"

namespace cupel {
namespace {

struct GroupPair {
  std::uint32_t first, second;  // positions among the distinct rows
  double distance;
};

// What becomes of the pairs of distinct rows within a radius. Called by several threads.
class PairCollector {
 public:
  virtual ~PairCollector() = default;
  // Takes away the pairs whose distance does not matter.
  virtual void choose(std::vector<GroupPair>&) {}
  virtual void collect(std::span<const GroupPair> pairs) = 0;
};

// Takes the pairs that the filter lets through, those that are near by `cuts`.
template <typename T>
class WithinRadius final : public JoinSink {
 public:
  WithinRadius(const Points<T>& points, std::span<const std::uint32_t> rows, double radius,
               std::vector<float> cuts, PairCollector& collector)
      : points_(points),
        rows_(rows),
        radius_(radius),
        beyond_(points.beyond(points.reported().squared_limit(radius))),
        cuts_(std::move(cuts)),
        collector_(collector) {}

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    std::copy_n(cuts_.data() + a.begin, a.end - a.begin, a_cuts);
    std::copy_n(cuts_.data() + b.begin, b.end - b.begin, b_cuts);
  }

  void take(std::span<const Hit> hits, const Block&, const Block&) override {
    std::vector<GroupPair> pairs;
    for (const Hit& hit : hits) pairs.push_back({hit.a, hit.b, 0.0});
    collector_.choose(pairs);
    std::erase_if(pairs, [&](GroupPair& pair) {
      const std::uint32_t i = rows_[pair.first];
      const std::uint32_t j = rows_[pair.second];
      if (points_.are_beyond(i, j, beyond_)) return true;
      pair.distance = points_.reported()(points_.squared(i, j));
      return !(pair.distance <= radius_);
    });
    collector_.collect(pairs);
  }

 private:
  const Points<T>& points_;
  std::span<const std::uint32_t> rows_;
  double radius_;
  Compute<T> beyond_;
  std::vector<float> cuts_;
  PairCollector& collector_;
};

// The join in all columns, or in the few directions that tell most pairs apart.
template <typename T>
void join_within(const Points<T>& points, std::span<const std::uint32_t> rows, double radius,
                 PairCollector& collector, const Execution& execution) {
  const double squared = points.reported().squared_limit(radius);
  const Frame frame = Frame::around(points);
  const double half_squared = squared * frame.scale * frame.scale / 2;
  const auto run = [&](const PackedRows& packed, const auto& half_squared_of) {
    const FilterError error(packed.depth());
    std::vector<float> cuts(packed.size());
    for (std::size_t i = 0; i < cuts.size(); ++i)
      cuts[i] = error.cut(packed.norm2(i), half_squared_of(i));
    WithinRadius<T> sink(points, rows, radius, std::move(cuts), collector);
    join_with_itself(packed, sink, execution);
  };
  if (is_worth_projecting(points, rows.size())) {
    const Projection projection(points, rows, frame);
    const std::vector<std::uint32_t> observers = observers_of(rows.size());
    const std::vector<double> limits(observers.size(), half_squared);
    if (const std::size_t directions =
            projection.cheapest(points, rows, frame, observers, limits)) {
      const Projection::Bound bound(projection, directions);
      std::vector<float> norms2;
      run(projection.pack(points, rows, frame, directions, norms2, execution),
          [&](std::size_t i) { return bound(static_cast<double>(norms2[i]), half_squared); });
      return;
    }
  }
  run(PackedRows(points, rows, frame, execution), [&](std::size_t) { return half_squared; });
}

// Finds the pairs of distinct rows; rows equal to each other are the callers' business.
template <typename T>
void collect_pairs(MatrixView<T> features, const DistinctRows& distinct, Metric metric,
                   double radius, PairCollector& collector, const Execution& execution) {
  if (distinct.rows().size() < 2) return;
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  if (features.cols > kFewColumns) {
    join_within(points, distinct.rows(), radius, collector, execution);
    return;
  }
  pairs_in_tree(points, distinct.rows(), radius, execution,
                [&](std::size_t, std::span<const NeighborPair> pairs) {
                  std::vector<GroupPair> groups;
                  for (const NeighborPair& pair : pairs)
                    groups.push_back({static_cast<std::uint32_t>(pair.first),
                                      static_cast<std::uint32_t>(pair.second), pair.distance});
                  collector.collect(groups);
                });
}

class AllPairs final : public PairCollector {
 public:
  void collect(std::span<const GroupPair> pairs) override {
    const std::lock_guard lock(mutex_);
    pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
  }
  [[nodiscard]] const std::vector<GroupPair>& pairs() const { return pairs_; }

 private:
  std::mutex mutex_;
  std::vector<GroupPair> pairs_;
};

class ConnectedRows final : public PairCollector {
 public:
  explicit ConnectedRows(std::size_t n) : forest_(n) {}

  void choose(std::vector<GroupPair>& pairs) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(pairs, [&](const GroupPair& pair) {
      return forest_.find(pair.first) == forest_.find(pair.second);
    });
  }
  void collect(std::span<const GroupPair> pairs) override {
    const std::lock_guard lock(mutex_);
    for (const GroupPair& pair : pairs) forest_.unite(pair.first, pair.second);
  }
  std::uint32_t root(std::uint32_t i) { return forest_.find(i); }

 private:
  std::mutex mutex_;
  UnionFind forest_;
};

}  // namespace

template <typename T>
std::vector<NeighborPair> pairs_within(MatrixView<T> features, Metric metric, double radius,
                                       const Execution& execution) {
  require_rows(features, "features");
  std::vector<NeighborPair> out;
  if (!(radius >= 0)) return out;
  const DistinctRows distinct(features, execution);
  AllPairs found;
  collect_pairs(features, distinct, metric, radius, found, execution);
  const auto add = [&](std::int64_t i, std::int64_t j, double distance) {
    out.push_back({std::min(i, j), std::max(i, j), distance});
  };
  for (std::size_t g = 0; g < distinct.rows().size(); ++g) {
    const auto members = distinct.members(g);
    for (std::size_t m = 1; m < members.size(); ++m)
      for (std::size_t l = 0; l < m; ++l) add(members[l], members[m], 0.0);
  }
  for (const GroupPair& pair : found.pairs())
    for (const std::uint32_t i : distinct.members(pair.first))
      for (const std::uint32_t j : distinct.members(pair.second)) add(i, j, pair.distance);
  std::sort(out.begin(), out.end(), [](const NeighborPair& a, const NeighborPair& b) {
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  });
  return out;
}

template <typename T>
void groups_within(MatrixView<T> features, Metric metric, double radius, const Execution& execution,
                   std::span<std::int64_t> group) {
  require_rows(features, "features");
  const DistinctRows distinct(features, execution);
  ConnectedRows connected(distinct.rows().size());
  // Rows of one direction are not identical, but at cosine distance 0.
  if (radius > 0 || (radius == 0 && metric == Metric::kCosine))
    collect_pairs(features, distinct, metric, radius, connected, execution);
  for (std::size_t g = 0; g < distinct.rows().size(); ++g) {
    const std::uint32_t lowest = distinct.rows()[connected.root(static_cast<std::uint32_t>(g))];
    for (const std::uint32_t row : distinct.members(g)) group[row] = lowest;
  }
}

#define CUPEL_INSTANTIATE(T)                                                     \
  template std::vector<NeighborPair> pairs_within(MatrixView<T>, Metric, double, \
                                                  const Execution&);             \
  template void groups_within(MatrixView<T>, Metric, double, const Execution&,   \
                              std::span<std::int64_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
