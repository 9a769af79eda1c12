// The public functions: which rows are searched how, and what becomes of rows that are equal.
#include "cupel/neighbors.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "core/neighbors/few_columns.hpp"
#include "core/neighbors/identical.hpp"
#include "core/neighbors/list_writer.hpp"
#include "core/neighbors/search.hpp"
#include "core/neighbors/self_search.hpp"

namespace cupel {

template <typename T>
void nearest_of_all(MatrixView<T> features, Metric metric, const Execution& execution,
                    NeighborLists out) {
  require_rows(features, "features");
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  if (features.cols <= kFewColumns) {
    nearest_in_tree(points, execution, out);
    return;
  }
  const DistinctRows distinct(features, execution);
  const std::size_t n = distinct.rows().size();
  const auto write = [&](std::size_t group, std::span<const Near> nearest) {
    write_group(distinct, out, group, nearest);
  };
  if (n == 1) {
    write(0, {});
    return;
  }
  const std::size_t count = std::min(out.k, n - 1);
  search_itself<T>(points, distinct, count, execution, write);
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
  const double magnitude =
      std::max(largest_magnitude(features, execution), largest_magnitude(queries, execution));
  const Points<T> points(features, metric, magnitude, execution);
  const Points<T> query_points(queries, metric, magnitude, execution);
  if (features.cols <= kFewColumns) {
    nearest_in_tree(points, query_points, execution, out);
    return;
  }
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    if (query_points.is_zero(i))
      write_for_zero(points, out, i);
    else
      rows.push_back(static_cast<std::uint32_t>(i));
  }
  if (rows.empty()) return;
  const DistinctRows distinct(features, execution);
  const SearchedSet<T> set(points, distinct, execution);
  const PackedRows packed(query_points, rows, set.frame(), execution);
  const Searchers<T> searchers{query_points, rows, packed, false};
  search<T>(set, searchers, std::min(out.k, set.size()), execution,
            [&](std::size_t i, std::span<const Near> nearest) {
              ListWriter(distinct, out).write(rows[i], {}, nearest);
            });
}

template <typename T>
std::size_t first_nonfinite_row(MatrixView<T> features, const Execution& execution) {
  const RowPass pass = pass_over(features, execution);
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  const auto most = static_cast<double>(std::numeric_limits<Compute<T>>::max());
  std::vector<std::size_t> first(features.rows / pass.grain + 1, features.rows);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    const MatrixView<T> rows = rows_of(features, begin, end);
                    const std::size_t bad = first_invalid_row(rows, most);
                    if (bad < rows.rows) first[begin / pass.grain] = begin + bad;
                  });
  return *std::min_element(first.begin(), first.end());
}

#define CUPEL_INSTANTIATE(T)                                                               \
  template void nearest_of_all(MatrixView<T>, Metric, const Execution&, NeighborLists);    \
  template void nearest_of_queries(MatrixView<T>, MatrixView<T>, Metric, const Execution&, \
                                   NeighborLists);                                         \
  template std::size_t first_nonfinite_row(MatrixView<T>, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
