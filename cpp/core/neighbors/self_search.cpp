#include "core/neighbors/self_search.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>

#include "core/neighbors/approximate_graph.hpp"
#include "core/neighbors/projection.hpp"

namespace cupel {
namespace {

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

// The distinct rows and the nearest known of each.
template <typename T>
class BoundedRows {
 public:
  BoundedRows(const Points<T>& points, const DistinctRows& distinct, Frame frame,
              const CandidateLists& lists, std::size_t count, const Execution& execution)
      : points_(points),
        distinct_(distinct),
        frame_(std::move(frame)),
        nearest_(distinct.rows().size(), count) {
    parallel_blocks(execution, execution.threads, distinct.rows().size(), 1024,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      for (std::size_t i = begin; i < end; ++i)
                        for (const Candidate& known : lists.of(i))
                          if (known.position != CandidateLists::kNobody)
                            nearest_.offer(i, {distance(i, known.position), known.position});
                    });
  }

  [[nodiscard]] const Frame& frame() const { return frame_; }
  [[nodiscard]] NearestSoFar& nearest() { return nearest_; }

  [[nodiscard]] double distance(std::size_t i, std::size_t j) const {
    return points_.reported()(points_.squared(distinct_.rows()[i], distinct_.rows()[j]));
  }

  // The squared distance of points within which the row's nearest lie, and half of it for packed
  // points.
  [[nodiscard]] double squared_limit(std::size_t i) const {
    return points_.reported().squared_limit(nearest_.limit(i));
  }
  [[nodiscard]] double half_squared_limit(std::size_t i) const {
    return squared_limit(i) * frame_.scale * frame_.scale / 2;
  }
  [[nodiscard]] const Points<T>& points() const { return points_; }

  [[nodiscard]] bool are_beyond(std::size_t i, std::size_t j, Compute<T> beyond) const {
    return points_.are_beyond(distinct_.rows()[i], distinct_.rows()[j], beyond);
  }

 private:
  const Points<T>& points_;
  const DistinctRows& distinct_;
  Frame frame_;
  NearestSoFar nearest_;
};

// Takes pairs that are near in the projection.
template <typename T>
class Refinement final : public JoinSink {
 public:
  // `norms2`: as from Projection::pack.
  Refinement(BoundedRows<T>& rows, const PackedRows& projected, std::span<const float> norms2,
             const Projection::Bound& bound)
      : rows_(rows),
        projected_(projected),
        norms2_(norms2),
        bound_(bound),
        error_(projected.depth()),
        cuts_(projected.size()),
        beyond_(projected.size()),
        locks_(projected.size() / join_block(projected, projected) + 1) {
    for (std::size_t i = 0; i < cuts_.size(); ++i) narrow(i);
  }

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    copy(a, cuts_, a_cuts);
    copy(b, cuts_, b_cuts);
  }

  void take(std::span<const Hit> hits, const Block& a, const Block& b) override {
    std::vector<Compute<T>> a_beyond(a.end - a.begin);
    std::vector<Compute<T>> b_beyond(b.end - b.begin);
    copy(a, beyond_, a_beyond.data());
    copy(b, beyond_, b_beyond.data());
    std::vector<Pair> near;
    for (const Hit& hit : hits) {
      const auto beyond = std::max(a_beyond[hit.a - a.begin], b_beyond[hit.b - b.begin]);
      if (!rows_.are_beyond(hit.a, hit.b, beyond))
        near.push_back({hit.a, hit.b, rows_.distance(hit.a, hit.b)});
    }
    {
      const std::lock_guard lock(locks_[a.index]);
      for (const Pair& pair : near) offer(pair.a, {pair.distance, pair.b});
    }
    const std::lock_guard lock(locks_[b.index]);
    for (const Pair& pair : near) offer(pair.b, {pair.distance, pair.a});
  }

 private:
  struct Pair {
    std::uint32_t a, b;
    double distance;
  };

  void narrow(std::size_t i) {
    cuts_[i] = error_.cut(projected_.norm2(i),
                          bound_(static_cast<double>(norms2_[i]), rows_.half_squared_limit(i)));
    beyond_[i] = rows_.points().beyond(rows_.squared_limit(i));
  }

  void offer(std::size_t i, NearestSoFar::Entry entry) {
    if (rows_.nearest().offer(i, entry)) narrow(i);
  }

  template <typename V>
  void copy(const Block& block, const std::vector<V>& from, V* to) {
    const std::lock_guard lock(locks_[block.index]);
    std::copy(from.begin() + static_cast<std::ptrdiff_t>(block.begin),
              from.begin() + static_cast<std::ptrdiff_t>(block.end), to);
  }

  BoundedRows<T>& rows_;
  const PackedRows& projected_;
  std::span<const float> norms2_;
  const Projection::Bound& bound_;
  FilterError error_;
  std::vector<float> cuts_;
  std::vector<Compute<T>> beyond_;
  std::vector<std::mutex> locks_;
};

// Finds what is nearer than known in `count` directions.
template <typename T>
void refine(BoundedRows<T>& rows, const DistinctRows& distinct, const Projection& projection,
            std::size_t directions, const Execution& execution) {
  const Execution quiet{execution.threads, execution.interrupted};
  std::vector<float> norms2;
  const PackedRows projected =
      projection.pack(rows.points(), distinct.rows(), rows.frame(), directions, norms2, quiet);
  const Projection::Bound bound(projection, directions);
  Refinement<T> refinement(rows, projected, norms2, bound);
  join_with_itself(projected, refinement, execution);
}

template <typename T>
void write_all(BoundedRows<T>& rows, const DistinctRows& distinct, const Execution& execution,
               const std::function<void(std::size_t, std::span<const Near>)>& write) {
  const std::size_t n = distinct.rows().size();
  parallel_blocks(
      execution, execution.threads, n, 1024, [&](std::size_t, std::size_t begin, std::size_t end) {
        std::vector<Near> nearest;
        for (std::size_t i = begin; i < end; ++i) {
          nearest.clear();
          for (const NearestSoFar::Entry& entry : rows.nearest().sorted(i))
            if (entry.position < n)
              nearest.push_back(
                  {0.0, entry.distance, distinct.rows()[entry.position], entry.position});
          write(i, nearest);
        }
      });
}

// In how many directions to compare all pairs first, 0 if not at all.
template <typename T>
std::size_t cheapest_directions(const Projection& projection, const SearchedSet<T>& set,
                                const ApproximateGraph<T>& graph, std::size_t count) {
  const std::vector<std::uint32_t> observers = observers_of(set.size());
  std::vector<double> half_squared;
  for (const std::vector<Near>& nearest : graph.search_exactly(observers))
    half_squared.push_back(nearest.size() < count ? std::numeric_limits<double>::infinity()
                                                  : set.half_squared(nearest.back().squared));
  return projection.cheapest(set.points(), set.distinct().rows(), set.frame(), observers,
                             half_squared);
}

}  // namespace

template <typename T>
void search_itself(const Points<T>& points, const DistinctRows& distinct, std::size_t count,
                   const Execution& execution,
                   const std::function<void(std::size_t, std::span<const Near>)>& write) {
  auto set = std::make_unique<SearchedSet<T>>(points, distinct, execution);
  if (is_worth_projecting(points, set->size()) && set->size() >= 64 * count) {
    const Execution quiet{execution.threads, execution.interrupted};
    const Projection projection(points, distinct.rows(), set->frame());
    ApproximateGraph<T> graph(*set, count, 0, quiet);
    const std::size_t directions = cheapest_directions(projection, *set, graph, count);
    if (directions > 0) {
      graph.meet();
      Frame frame = set->frame();
      set.reset();  // the packed rows
      BoundedRows<T> rows(points, distinct, std::move(frame), graph.lists(), count, quiet);
      graph.release();
      refine(rows, distinct, projection, directions, execution);
      write_all(rows, distinct, execution, write);
      return;
    }
  }
  search<T>(*set, {points, distinct.rows(), set->packed(), true}, count, execution, write);
}

#define CUPEL_INSTANTIATE(T)                                                      \
  template void search_itself(const Points<T>&, const DistinctRows&, std::size_t, \
                              const Execution&,                                   \
                              const std::function<void(std::size_t, std::span<const Near>)>&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
