#include "core/neighbors/few_columns.hpp"

#include <numeric>
#include <vector>

namespace cupel {
namespace {

template <typename T>
bool any_zero(const Points<T>& points) {
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points.is_zero(i)) return true;
  return false;
}

// Scaled coordinates, row after row. Zero vectors under the cosine get a direction of their own, a
// last coordinate that all others lack, which puts them at distance 1 from them.
template <typename T>
std::vector<double> coordinates_of(const Points<T>& points, std::span<const std::uint32_t> rows,
                                   bool with_zeros, const Execution& execution) {
  const std::size_t dimension = points.cols() + (with_zeros ? 1 : 0);
  std::vector<double> coordinates(rows.size() * dimension);
  constexpr std::size_t grain = 4096;
  const std::size_t bytes = coordinates.size() * sizeof(double);
  parallel_blocks(execution, worker_count(execution, (rows.size() + grain - 1) / grain, bytes),
                  rows.size(), grain, [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      double* out = coordinates.data() + i * dimension;
                      const RowScale s = points.scale(rows[i]);
                      for (std::size_t j = 0; j < points.cols(); ++j)
                        *out++ = scaled(points.row(rows[i])[j], s);
                      if (with_zeros) *out = points.is_zero(rows[i]) ? 1.0 : 0.0;
                    }
                  });
  return coordinates;
}

template <typename T>
KdTree tree_of(const Points<T>& points, std::span<const std::uint32_t> rows, bool with_zeros,
               const Execution& execution) {
  return {coordinates_of(points, rows, with_zeros, execution), points.cols() + (with_zeros ? 1 : 0),
          points.reported(), execution};
}

template <typename T>
std::vector<std::uint32_t> all_rows(const Points<T>& points) {
  std::vector<std::uint32_t> rows(points.size());
  std::iota(rows.begin(), rows.end(), std::uint32_t{0});
  return rows;
}

}  // namespace

template <typename T>
void nearest_in_tree(const Points<T>& points, const Execution& execution,
                     const NeighborLists& out) {
  tree_of(points, all_rows(points), any_zero(points), execution)
      .nearest_of_all(out.k, execution, out.distances, out.indices);
}

template <typename T>
void nearest_in_tree(const Points<T>& points, const Points<T>& queries, const Execution& execution,
                     const NeighborLists& out) {
  const bool with_zeros = any_zero(points) || any_zero(queries);
  tree_of(points, all_rows(points), with_zeros, execution)
      .nearest(coordinates_of(queries, all_rows(queries), with_zeros, execution), out.k, execution,
               out.distances, out.indices);
}

template <typename T>
void pairs_in_tree(const Points<T>& points, std::span<const std::uint32_t> rows, double radius,
                   const Execution& execution, const KdTree::PairSink& sink) {
  tree_of(points, rows, any_zero(points), execution).pairs_within(radius, execution, sink);
}

#define CUPEL_INSTANTIATE(T)                                                               \
  template void nearest_in_tree(const Points<T>&, const Execution&, const NeighborLists&); \
  template void nearest_in_tree(const Points<T>&, const Points<T>&, const Execution&,      \
                                const NeighborLists&);                                     \
  template void pairs_in_tree(const Points<T>&, std::span<const std::uint32_t>, double,    \
                              const Execution&, const KdTree::PairSink&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
