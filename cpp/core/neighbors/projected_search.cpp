#include "core/neighbors/projected_search.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

#include "core/neighbors/approximate_graph.hpp"
#include "core/neighbors/projection.hpp"

namespace cupel {
namespace {

constexpr std::size_t kFewRows = 4096;
constexpr std::size_t kFewColumns = 48;
constexpr std::size_t kMostDirections = 256;
constexpr double kSlack = 1.0 + 1e-9;  // for float64 rounding in squares and square roots

// The nearest known so far of every row, with float64 distances. Rows are independent.
class NearestSoFar {
 public:
  struct Entry {
    double distance;  // as reported
    std::uint32_t position;

    friend bool operator<(const Entry& a, const Entry& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.position < b.position;
    }
  };

  NearestSoFar(std::size_t rows, std::size_t count)
      : count_(count),
        entries_(rows * count, Entry{std::numeric_limits<double>::infinity(), kNobody}) {}

  // Nothing farther is one of the row's nearest.
  [[nodiscard]] double limit(std::size_t row) const { return entries_[row * count_].distance; }

  // True if it entered. O(count).
  bool offer(std::size_t row, Entry entry) {
    const std::span<Entry> heap = of(row);
    if (!(entry < heap[0])) return false;
    for (const Entry& known : heap)
      if (known.position == entry.position) return false;
    std::pop_heap(heap.begin(), heap.end());
    heap.back() = entry;
    std::push_heap(heap.begin(), heap.end());
    return true;
  }

  std::span<Entry> sorted(std::size_t row) {
    std::sort_heap(of(row).begin(), of(row).end());
    return of(row);
  }

 private:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  std::span<Entry> of(std::size_t row) { return {entries_.data() + row * count_, count_}; }

  std::size_t count_;
  std::vector<Entry> entries_;
};

template <typename T>
class ProjectedSearch {
 public:
  ProjectedSearch(const Points<T>& points, const DistinctRows& distinct, std::size_t count,
                  const Execution& execution)
      : points_(points),
        distinct_(distinct),
        execution_(execution),
        nearest_(distinct.rows().size(), count) {
    const SearchedSet<T> set(points, distinct, execution);
    frame_ = set.frame();
    for (std::size_t i = 0; i < set.size(); ++i)
      norms2_.push_back(static_cast<float>(set.packed().norm2(i)));
    ApproximateGraph<T> graph(set, count, 0, execution);
    graph.meet();
    const Searchers<T> all{points, distinct.rows(), set.packed(), true};
    parallel_blocks(execution, execution.threads, set.size(), 1024,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      Choice<T> choice(set, all, graph.lists(), count);
                      for (std::size_t i = begin; i < end; ++i)
                        for (const Near& near : choice.nearest(i))
                          nearest_.offer(i, {near.distance, near.group});
                    });
  }

  [[nodiscard]] const Frame& frame() const { return frame_; }
  [[nodiscard]] NearestSoFar& nearest() { return nearest_; }
  [[nodiscard]] double norm2(std::size_t i) const { return static_cast<double>(norms2_[i]); }

  [[nodiscard]] double distance(std::size_t i, std::size_t j) const {
    return points_.reported()(points_.squared(distinct_.rows()[i], distinct_.rows()[j]));
  }

  // Half the squared distance of packed points within which the row's nearest lie.
  [[nodiscard]] double half_squared_limit(std::size_t i) const {
    return points_.reported().squared(nearest_.limit(i)) * kSlack * frame_.scale * frame_.scale / 2;
  }

 private:
  const Points<T>& points_;
  const DistinctRows& distinct_;
  const Execution& execution_;
  Frame frame_;
  std::vector<float> norms2_;
  NearestSoFar nearest_;
};

// Takes pairs that are near in the projection.
template <typename T>
class Refinement final : public JoinSink {
 public:
  Refinement(ProjectedSearch<T>& search, const PackedRows& projected,
             const Projection::Bound& bound)
      : search_(search),
        projected_(projected),
        bound_(bound),
        error_(projected.depth()),
        cuts_(projected.size()),
        locks_(projected.size() / join_block(projected, projected) + 1) {
    for (std::size_t i = 0; i < cuts_.size(); ++i) cuts_[i] = cut(i);
  }

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    copy_cuts(a, a_cuts);
    copy_cuts(b, b_cuts);
  }

  void take(std::size_t, std::span<const Hit> hits, const Block& a, const Block& b) override {
    std::vector<double> distances;
    distances.reserve(hits.size());
    for (const Hit& hit : hits) distances.push_back(search_.distance(hit.a, hit.b));
    {
      const std::lock_guard lock(locks_[a.index]);
      for (std::size_t h = 0; h < hits.size(); ++h) offer(hits[h].a, {distances[h], hits[h].b});
    }
    const std::lock_guard lock(locks_[b.index]);
    for (std::size_t h = 0; h < hits.size(); ++h) offer(hits[h].b, {distances[h], hits[h].a});
  }

 private:
  [[nodiscard]] float cut(std::size_t i) const {
    return error_.cut(projected_.norm2(i), bound_(search_.norm2(i), search_.half_squared_limit(i)));
  }

  void offer(std::size_t i, NearestSoFar::Entry entry) {
    if (search_.nearest().offer(i, entry)) cuts_[i] = cut(i);
  }

  void copy_cuts(const Block& block, float* cuts) {
    const std::lock_guard lock(locks_[block.index]);
    std::copy(cuts_.begin() + static_cast<std::ptrdiff_t>(block.begin),
              cuts_.begin() + static_cast<std::ptrdiff_t>(block.end), cuts);
  }

  ProjectedSearch<T>& search_;
  const PackedRows& projected_;
  const Projection::Bound& bound_;
  FilterError error_;
  std::vector<float> cuts_;
  std::vector<std::mutex> locks_;
};

}  // namespace

template <typename T>
bool search_projected(const Points<T>& points, const DistinctRows& distinct, std::size_t count,
                      const Execution& execution,
                      const std::function<void(std::size_t, std::span<const Near>)>& write) {
  const std::size_t n = distinct.rows().size();
  if (n < std::max(kFewRows, 64 * count) || points.cols() < kFewColumns) return false;
  const Execution quiet{execution.threads, execution.interrupted};
  ProjectedSearch<T> search(points, distinct, count, quiet);
  const Projection projection(points, distinct.rows(), search.frame(),
                              std::min(kMostDirections, points.cols() * 3 / 4));
  const std::size_t directions =
      projection.cheapest(points, distinct.rows(), search.frame(),
                          [&](std::size_t i) { return search.half_squared_limit(i); });
  if (directions == 0) return false;
  const PackedRows projected =
      projection.pack(points, distinct.rows(), search.frame(), directions, quiet);
  const Projection::Bound bound(projection, directions);
  Refinement<T> refinement(search, projected, bound);
  join_with_itself(projected, refinement, execution);
  parallel_blocks(
      execution, execution.threads, n, 1024, [&](std::size_t, std::size_t begin, std::size_t end) {
        std::vector<Near> nearest;
        for (std::size_t i = begin; i < end; ++i) {
          nearest.clear();
          for (const NearestSoFar::Entry& entry : search.nearest().sorted(i))
            if (entry.position < n)
              nearest.push_back({points.reported().squared(entry.distance), entry.distance,
                                 distinct.rows()[entry.position], entry.position});
          write(i, nearest);
        }
      });
  return true;
}

#define CUPEL_INSTANTIATE(T)                                                         \
  template bool search_projected(const Points<T>&, const DistinctRows&, std::size_t, \
                                 const Execution&,                                   \
                                 const std::function<void(std::size_t, std::span<const Near>)>&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
