// Checks of a whole data set that loop over a graph of neighbours.
//
// Graphs are read where they lie; another thread may write to them. An index outside [0, rows) that
// counts throws std::invalid_argument. All functions are thread-safe, and results are the same for
// every number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/data_valuation.hpp"
#include "cupel/execution.hpp"

namespace cupel {

// Neighbours of every row with their distances, both laid out as NeighborsView says.
struct DistancesView {
  const double* distances = nullptr;
  NeighborsView<std::int64_t> neighbors;
};

// How far neighbours are from each other in the order of the rows, compared with pairs drawn at
// random: with g[0] <= ... <= g[M - 1] the gaps |p[i] - p[j]| of all rows i and neighbours j,
//   max over m of | m / M - F(g[m]) |,   F(g) = sum_{d=1..g} 2 (n - d) / (n (n - 1)).
// statistics[0] is that of the rows as they are, p[i] = i; statistics[r] that of the r-th order p
// that numpy.random.RandomState(seed).permutation(n) draws.
//
// Requires statistics.size() >= 1 and from 2 to 2^31 - 1 rows. O(orders * n * k), threaded over
// orders, by counting; memory 4 n k, and 12 n for each thread.
void gap_statistics(const NeighborsView<std::int64_t>& neighbors, std::uint32_t seed,
                    const Execution& execution, std::span<double> statistics);

// How usual the places of each row's neighbours are: 1 - tanh(a / max(i, n - i)), where a sums,
// over the steps of the distribution of the gaps |i - j| of row i to its k neighbours, the area
// between that step and the distribution of gaps to a row drawn at random. Requires from 2 to 2^31
// - 1 rows, and scores.size() == rows. O(n k log(k)), threaded.
void gap_scores(const NeighborsView<std::int64_t>& neighbors, const Execution& execution,
                std::span<double> scores);

// DBSCAN (Ester et al., 1996) over a graph: row j is near row i if it is a neighbour at a distance
// of at most `radius`; a row is dense if at least `min_samples` rows are near, itself among them.
// cluster[i]: number of the group that is reached from the lowest dense row that has no group yet
// by going from dense rows to near ones; -1 where none is. A row keeps the first group that reaches
// it. nan is near nothing. O(n k), on the calling thread.
void density_clusters(const DistancesView& graph, double radius, std::size_t min_samples,
                      std::span<std::int64_t> cluster);

// Which rows are nearly the same as which.
struct NearSets {
  // Those of row i are members[begins[i]] to members[begins[i + 1] - 1]: its neighbours, in their
  // order, then the rows it is such a neighbour of without having them as such, ascending.
  std::vector<std::size_t> begins;
  std::vector<std::int64_t> members;
};

// Neighbours at a distance below `bound`, and rows one is such a neighbour of. O(n k^2) at most, on
// the calling thread.
NearSets near_sets(const DistancesView& graph, double bound);

// group[i]: number of the group of rows that row i is connected with by the sets, which are
// symmetric; -1 for a row alone. Numbers count from 0 in the order of each group's lowest row.
void near_groups(const NearSets& sets, std::span<std::int64_t> group);

}  // namespace cupel
