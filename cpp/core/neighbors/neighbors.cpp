// The public functions: which rows are searched how, and what becomes of rows that are equal.
#include "cupel/neighbors.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/neighbors/identical.hpp"
#include "core/neighbors/list_writer.hpp"
#include "core/neighbors/projected_search.hpp"
#include "core/neighbors/search.hpp"
#include "core/neighbors/union_find.hpp"

namespace cupel {
namespace {

constexpr std::size_t kMaxRows = std::numeric_limits<std::uint32_t>::max() - 64;

template <typename T>
void require_rows(MatrixView<T> features, const char* name) {
  if (features.rows > kMaxRows)
    throw std::invalid_argument(std::string(name) + " has more than 2^32 - 64 rows");
}

}  // namespace

template <typename T>
void nearest_of_all(MatrixView<T> features, Metric metric, const Execution& execution,
                    NeighborLists out) {
  require_rows(features, "features");
  const DistinctRows distinct(features, execution);
  const std::size_t n = distinct.rows().size();
  const auto write = [&](std::size_t group, std::span<const Near> nearest) {
    write_group(distinct, out, group, nearest);
  };
  if (n == 1) {
    write(0, {});
    return;
  }
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  const std::size_t count = std::min(out.k, n - 1);
  if (search_projected<T>(points, distinct, count, execution, write)) return;
  const SearchedSet<T> set(points, distinct, execution);
  const Searchers<T> all{points, distinct.rows(), set.packed(), true};
  search<T>(set, all, count, execution, write);
}

namespace {

// A zero vector is at cosine distance 0 from zero vectors and at 1 from all others.
template <typename T>
void write_for_zero(const Points<T>& set, const NeighborLists& out, std::size_t query) {
  std::size_t n = query * out.k;
  for (const bool zero : {true, false})
    for (std::size_t i = 0; i < set.size() && n < (query + 1) * out.k; ++i)
      if (set.is_zero(i) == zero) {
        out.distances[n] = zero ? 0.0 : 1.0;
        out.indices[n++] = static_cast<std::int64_t>(i);
      }
}

}  // namespace

template <typename T>
void nearest_of_queries(MatrixView<T> features, MatrixView<T> queries, Metric metric,
                        const Execution& execution, NeighborLists out) {
  require_rows(features, "features");
  require_rows(queries, "queries");
  const DistinctRows distinct(features, execution);
  const double magnitude =
      std::max(largest_magnitude(features, execution), largest_magnitude(queries, execution));
  const Points<T> points(features, metric, magnitude, execution);
  const Points<T> query_points(queries, metric, magnitude, execution);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    if (query_points.is_zero(i))
      write_for_zero(points, out, i);
    else
      rows.push_back(static_cast<std::uint32_t>(i));
  }
  if (rows.empty()) return;
  const SearchedSet<T> set(points, distinct, execution);
  const PackedRows packed(query_points, rows, set.frame(), execution);
  const Searchers<T> searchers{query_points, rows, packed, false};
  search<T>(set, searchers, std::min(out.k, set.size()), execution,
            [&](std::size_t i, std::span<const Near> nearest) {
              ListWriter(distinct, out).write(rows[i], {}, nearest);
            });
}

// ---- within a radius ---------------------------------------------------------------------------

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

template <typename T>
class WithinRadius final : public JoinSink {
 public:
  WithinRadius(const SearchedSet<T>& set, double radius, PairCollector& collector)
      : set_(set), radius_(radius), collector_(collector) {
    const double squared = set.points().reported().squared(radius) * (1.0 + 1e-9);
    cuts_.reserve(set.size());
    for (std::size_t i = 0; i < set.size(); ++i)
      cuts_.push_back(set.error().cut(set.packed().norm2(i), set.half_squared(squared)));
  }

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    std::copy_n(cuts_.data() + a.begin, a.end - a.begin, a_cuts);
    std::copy_n(cuts_.data() + b.begin, b.end - b.begin, b_cuts);
  }

  void take(std::size_t, std::span<const Hit> hits, const Block&, const Block&) override {
    std::vector<GroupPair> pairs;
    for (const Hit& hit : hits) pairs.push_back({hit.a, hit.b, 0.0});
    collector_.choose(pairs);
    const auto rows = set_.distinct().rows();
    std::erase_if(pairs, [&](GroupPair& pair) {
      pair.distance =
          set_.points().reported()(set_.points().squared(rows[pair.first], rows[pair.second]));
      return !(pair.distance <= radius_);
    });
    collector_.collect(pairs);
  }

 private:
  const SearchedSet<T>& set_;
  double radius_;
  PairCollector& collector_;
  std::vector<float> cuts_;
};

// Finds the pairs of distinct rows; rows equal to each other are the callers' business.
template <typename T>
void collect_pairs(MatrixView<T> features, const DistinctRows& distinct, Metric metric,
                   double radius, PairCollector& collector, const Execution& execution) {
  if (distinct.rows().size() < 2) return;
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  const SearchedSet<T> set(points, distinct, execution);
  WithinRadius<T> sink(set, radius, collector);
  join_with_itself(set.packed(), sink, execution);
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

template <typename T>
std::size_t first_nonfinite_row(MatrixView<T> features, const Execution& execution) {
  constexpr std::size_t grain = 1024;
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  const auto most = static_cast<double>(std::numeric_limits<Compute<T>>::max());
  const std::size_t blocks = (features.rows + grain - 1) / grain;
  std::vector<std::size_t> first(std::max<std::size_t>(1, blocks), features.rows);
  const std::size_t bytes = features.rows * features.cols * sizeof(T);
  parallel_blocks(execution, worker_count(execution, blocks, bytes), features.rows, grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    const MatrixView<T> rows{features.row(begin), end - begin, features.cols,
                                             features.row_stride};
                    const std::size_t bad = first_invalid_row(rows, most);
                    if (bad < rows.rows) first[begin / grain] = begin + bad;
                  });
  return *std::min_element(first.begin(), first.end());
}

#define CUPEL_INSTANTIATE(T)                                                               \
  template void nearest_of_all(MatrixView<T>, Metric, const Execution&, NeighborLists);    \
  template void nearest_of_queries(MatrixView<T>, MatrixView<T>, Metric, const Execution&, \
                                   NeighborLists);                                         \
  template std::vector<NeighborPair> pairs_within(MatrixView<T>, Metric, double,           \
                                                  const Execution&);                       \
  template void groups_within(MatrixView<T>, Metric, double, const Execution&,             \
                              std::span<std::int64_t>);                                    \
  template std::size_t first_nonfinite_row(MatrixView<T>, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
