// Checks that loop over a graph, by definitions that are slow and plain.
#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <stdexcept>

#include "check.hpp"
#include "core/datalab/shuffles.hpp"
#include "cupel/datalab.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

// Any rows as neighbours, also the row itself and rows more than once, at distances that often tie.
struct Graph {
  std::size_t n, k, stride;
  Ints indices;
  Doubles distances;

  Graph(std::uint64_t seed, std::size_t rows, std::size_t used, std::size_t columns)
      : n(rows), k(used), stride(columns) {
    Random random(seed);
    for (std::size_t i = 0; i < n * stride; ++i) {
      indices.push_back(static_cast<std::int64_t>(random.below(n)));
      distances.push_back(random.chance(0.02) ? NAN : static_cast<double>(random.below(9)) / 8.0);
    }
  }
  [[nodiscard]] NeighborsView<std::int64_t> neighbors() const {
    return {indices.data(), n, k, stride};
  }
  [[nodiscard]] DistancesView view() const { return {distances.data(), neighbors()}; }
  [[nodiscard]] std::size_t other(std::size_t i, std::size_t j) const {
    return static_cast<std::size_t>(indices[i * stride + j]);
  }
  [[nodiscard]] double distance(std::size_t i, std::size_t j) const {
    return distances[i * stride + j];
  }
};

std::size_t gap(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

double naive_statistic(const Graph& graph, const std::vector<std::size_t>& places) {
  std::vector<std::size_t> gaps;
  for (std::size_t i = 0; i < graph.n; ++i)
    for (std::size_t j = 0; j < graph.k; ++j)
      gaps.push_back(gap(places[i], places[graph.other(i, j)]));
  std::sort(gaps.begin(), gaps.end());
  const auto n = static_cast<double>(graph.n);
  double largest = 0.0;
  for (std::size_t m = 0; m < gaps.size(); ++m) {
    double expected = 0.0;
    for (std::size_t d = 1; d <= gaps[m]; ++d)
      expected += 2.0 * (n - static_cast<double>(d)) / (n * (n - 1.0));
    const double share = static_cast<double>(m) / static_cast<double>(gaps.size());
    largest = std::max(largest, std::abs(share - expected));
  }
  return largest;
}

CUPEL_TEST(twister_draws_what_the_standard_says) {
  for (const std::uint32_t seed : {0U, 1U, 5489U, 4294967295U}) {
    MersenneTwister ours(seed);
    std::mt19937 theirs(seed);
    for (int i = 0; i < 2000; ++i) CHECK(ours.next() == theirs(), seed, i);
  }
}

CUPEL_TEST(shuffles_are_permutations) {
  MersenneTwister random(3);
  for (const std::size_t n : {1, 2, 3, 64, 65, 1000}) {
    std::vector<std::uint32_t> swaps(n);
    std::vector<std::uint32_t> places(n);
    draw_swaps(random, swaps);
    shuffle_places(swaps, places);
    std::sort(places.begin(), places.end());
    for (std::size_t i = 0; i < n; ++i) CHECK(places[i] == i, n, i);
  }
}

CUPEL_TEST(gap_statistics_are_those_of_sorted_gaps) {
  for (const std::size_t n : {2, 3, 40, 300})
    for (const std::size_t k : {1, 4}) {
      const Graph graph(n + k, n, k, 5);
      Doubles one(4);
      gap_statistics(graph.neighbors(), 7, with_threads(1), one);
      MersenneTwister random(7);
      std::vector<std::uint32_t> swaps(n);
      std::vector<std::uint32_t> order(n);
      for (std::size_t r = 0; r < one.size(); ++r) {
        std::vector<std::size_t> places(n);
        for (std::size_t i = 0; i < n; ++i) places[i] = i;
        if (r > 0) {
          draw_swaps(random, swaps);
          shuffle_places(swaps, order);
          places.assign(order.begin(), order.end());
        }
        CHECK(std::abs(one[r] - naive_statistic(graph, places)) < 1e-12, n, k, r);
      }
    }
}

CUPEL_TEST(gap_checks_are_the_same_for_every_thread_count) {
  const Graph graph(5, 40000, 10, 10);
  Doubles statistics(9);
  Doubles scores(graph.n);
  gap_statistics(graph.neighbors(), 1, with_threads(1), statistics);
  gap_scores(graph.neighbors(), with_threads(1), scores);
  for (const std::size_t threads : {2, 5}) {
    Doubles again(9);
    Doubles scores_again(graph.n);
    gap_statistics(graph.neighbors(), 1, with_threads(threads), again);
    gap_scores(graph.neighbors(), with_threads(threads), scores_again);
    CHECK(again == statistics, threads);
    CHECK(scores_again == scores, threads);
  }
}

// By cells between whole gaps, in which the distribution of gaps to other rows is a line.
double naive_gap_score(const Graph& graph, std::size_t row) {
  const std::size_t n = graph.n;
  Doubles within(n, 0.0);
  for (std::size_t d = 0; d < n; ++d)
    for (std::size_t i = 0; i < n; ++i)
      if (i != row && gap(i, row) <= d) within[d] += 1.0 / static_cast<double>(n - 1);
  std::vector<std::size_t> steps{0, std::max(row, n - 1 - row)};
  for (std::size_t j = 0; j < graph.k; ++j) steps.push_back(gap(row, graph.other(row, j)));
  std::sort(steps.begin(), steps.end());
  double area = 0.0;
  for (std::size_t j = 0; j + 1 < steps.size(); ++j) {
    double step = 0.0;
    for (std::size_t d = steps[j]; d < steps[j + 1]; ++d)
      step +=
          (within[d] + within[d + 1]) / 2.0 - static_cast<double>(j) / static_cast<double>(graph.k);
    area += std::abs(step);
  }
  return 1.0 - std::tanh(area / static_cast<double>(std::max(row, n - row)));
}

CUPEL_TEST(gap_scores_are_those_of_areas) {
  for (const std::size_t n : {2, 3, 30})
    for (const std::size_t k : {1, 5, 40}) {
      const Graph graph(n * k, n, k, k);
      Doubles scores(n);
      gap_scores(graph.neighbors(), with_threads(1), scores);
      for (std::size_t i = 0; i < n; ++i)
        CHECK(std::abs(scores[i] - naive_gap_score(graph, i)) < 1e-12, n, k, i);
    }
}

CUPEL_TEST(near_sets_are_symmetric_and_groups_their_components) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Graph graph(seed, 60, 3, 4);
    const NearSets sets = near_sets(graph.view(), 0.4);
    std::vector<std::set<std::size_t>> near(graph.n);
    std::vector<std::size_t> lowest(graph.n);
    for (std::size_t i = 0; i < graph.n; ++i) {
      lowest[i] = i;
      for (std::size_t j = 0; j < graph.k; ++j)
        if (graph.distance(i, j) < 0.4) {
          near[i].insert(graph.other(i, j));
          near[graph.other(i, j)].insert(i);
        }
    }
    for (std::size_t round = 0; round < graph.n; ++round)
      for (std::size_t i = 0; i < graph.n; ++i)
        for (const std::size_t j : near[i]) lowest[i] = std::min(lowest[i], lowest[j]);
    Ints group(graph.n);
    near_groups(sets, group);
    for (std::size_t i = 0; i < graph.n; ++i) {
      std::set<std::size_t> found;
      for (std::size_t m = sets.begins[i]; m < sets.begins[i + 1]; ++m)
        found.insert(static_cast<std::size_t>(sets.members[m]));
      CHECK(found == near[i], seed, i);
      CHECK((group[i] == -1) == near[i].empty(), seed, i);
      for (std::size_t j = 0; j < graph.n; ++j)
        if (group[i] != -1 && group[j] != -1)
          CHECK((group[i] == group[j]) == (lowest[i] == lowest[j]), seed, i, j);
    }
  }
}

CUPEL_TEST(density_clusters_give_border_rows_to_the_first_cluster) {
  // Rows 0-2 and 4-6 are near each other; row 3 is near both, and only reached from them.
  const Ints indices{1, 2, 0, 2, 0, 3, 7, 7, 5, 6, 4, 6, 3, 5, 0, 4};
  const Doubles distances{.1, .1, .1, .1, .1, .1, .9, .9, .1, .1, .1, .1, .1, .1, .6, .6};
  const DistancesView graph{distances.data(), {indices.data(), 8, 2, 2}};
  Ints cluster(8);
  density_clusters(graph, 0.5, 3, cluster);
  CHECK((cluster == Ints{0, 0, 0, 0, 1, 1, 1, -1}));
  density_clusters(graph, 0.6, 3, cluster);
  CHECK((cluster == Ints{0, 0, 0, 0, 1, 1, 1, 2}));
  density_clusters(graph, 0.5, 4, cluster);
  CHECK(cluster == Ints(8, -1));
}

CUPEL_TEST(graph_checks_refuse_neighbors_that_are_no_rows) {
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{50}, std::int64_t{1} << 40}) {
    Graph graph(1, 50, 2, 3);
    Doubles out(50);
    Ints clusters(50);
    const auto call_all = [&](const auto& refuses) {
      return refuses([&] { gap_statistics(graph.neighbors(), 0, with_threads(1), out); }) &&
             refuses([&] { gap_scores(graph.neighbors(), with_threads(1), out); }) &&
             refuses([&] { near_sets(graph.view(), 2.0); }) &&
             refuses([&] { density_clusters(graph.view(), 2.0, 2, clusters); });
    };
    graph.indices[32] = bad;  // a third neighbour, which does not count
    CHECK(call_all([](const auto& call) { return !throws<std::invalid_argument>(call); }), bad);
    graph.indices[31] = bad;
    graph.distances[31] = 0.0;
    CHECK(call_all([](const auto& call) { return throws<std::invalid_argument>(call); }), bad);
  }
}

}  // namespace
}  // namespace cupel::test
