// The approximate graph, its measured recall, and the exact lists of its outlying rows.
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/neighbors/approximate_graph.hpp"
#include "core/neighbors/few_columns.hpp"
#include "core/neighbors/list_writer.hpp"

namespace cupel {
namespace {

constexpr std::size_t kRecheckedShare = 100;
constexpr std::size_t kFewRows = 8192;  // too few for anything but the exact search

// Positions of the rows with the largest mean distance, rows of short lists first.
std::vector<std::uint32_t> most_outlying(const DistinctRows& distinct, const NeighborLists& out) {
  const std::size_t n = distinct.rows().size();
  std::vector<double> sums(n);
  for (std::size_t g = 0; g < n; ++g) {
    const double* list = out.distances.data() + distinct.rows()[g] * out.k;
    sums[g] = std::accumulate(list, list + out.k, 0.0);  // infinite if the list is too short
  }
  std::vector<std::uint32_t> positions(n);
  std::iota(positions.begin(), positions.end(), std::uint32_t{0});
  const auto lonely = std::count(sums.begin(), sums.end(), std::numeric_limits<double>::infinity());
  const auto cut =
      positions.begin() + std::max(lonely, static_cast<std::ptrdiff_t>(n / kRecheckedShare));
  std::nth_element(positions.begin(), cut, positions.end(), [&](std::uint32_t a, std::uint32_t b) {
    return sums[a] != sums[b] ? sums[a] > sums[b] : a < b;
  });
  positions.erase(cut, positions.end());
  std::sort(positions.begin(), positions.end());
  return positions;
}

}  // namespace

template <typename T>
Recall nearest_of_all_approximately(MatrixView<T> features, Metric metric,
                                    const Approximation& options, const Execution& execution,
                                    NeighborLists out) {
  const auto exactly = [&] {
    nearest_of_all(features, metric, execution, out);
    return Recall{};
  };
  if (features.rows < kFewRows || features.cols <= kFewColumns) return exactly();
  const DistinctRows distinct(features, execution);
  const std::size_t n = distinct.rows().size();
  if (n < std::max(kFewRows, 16 * out.k)) return exactly();
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  const SearchedSet<T> set(points, distinct, execution);
  ApproximateGraph<T> graph(set, out.k, options.seed, execution);
  if (!graph.build(options.target_recall)) return exactly();
  Recall recall = graph.measure();

  const Searchers<T> all{points, distinct.rows(), set.packed(), true};
  parallel_blocks(execution, execution.threads, n, 1024,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    Choice<T> choice(set, all, graph.lists(), out.k);
                    for (std::size_t i = begin; i < end; ++i)
                      write_group(distinct, out, i, choice.nearest(i));
                  });
  const std::vector<std::uint32_t> positions = most_outlying(distinct, out);
  const std::vector<std::vector<Near>> exact = graph.search_exactly(positions);
  for (std::size_t i = 0; i < positions.size(); ++i)
    write_group(distinct, out, positions[i], exact[i]);
  recall.rechecked = positions.size();
  return recall;
}

#define CUPEL_INSTANTIATE(T)                                                                \
  template Recall nearest_of_all_approximately(MatrixView<T>, Metric, const Approximation&, \
                                               const Execution&, NeighborLists);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
