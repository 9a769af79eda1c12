// Shapley values by the recursion that defines them, and neighbours that are identical rows.
#include <stdexcept>

#include "check.hpp"
#include "cupel/data_valuation.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

using Ints = std::vector<std::int64_t>;

// Any rows as neighbours, also the row itself and rows more than once.
struct Graph {
  std::size_t n, k, stride;
  Ints labels, neighbors;

  Graph(std::uint64_t seed, std::size_t rows, std::size_t used, std::size_t columns)
      : n(rows), k(used), stride(columns) {
    Random random(seed);
    for (std::size_t i = 0; i < n; ++i)
      labels.push_back(static_cast<std::int64_t>(random.below(3)));
    for (std::size_t i = 0; i < n * stride; ++i)
      neighbors.push_back(static_cast<std::int64_t>(random.below(n)));
  }
  template <typename Index>
  Ints sums(std::size_t threads) const {
    const std::vector<Index> narrow(neighbors.begin(), neighbors.end());
    Ints out(n, -7);
    knn_shapley_sums(labels, NeighborsView<Index>{narrow.data(), n, k, stride},
                     with_threads(threads), out);
    return out;
  }
  [[nodiscard]] Ints naive_sums() const {
    Ints out(n, 0);
    for (std::size_t a = 0; a < n; ++a) {
      const auto row = [&](std::size_t j) {
        return static_cast<std::size_t>(neighbors[a * stride + j]);
      };
      const auto match = [&](std::size_t j) { return labels[row(j)] == labels[a] ? 1 : 0; };
      std::int64_t value = 0;
      for (std::size_t j = k - 1; j-- > 0;) {
        value += match(j) - match(j + 1);
        out[row(j)] += value;
      }
    }
    return out;
  }
};

CUPEL_TEST(shapley_sums_are_those_of_the_recursion) {
  for (const std::size_t n : {1, 2, 50, 3000})
    for (const std::size_t k : {1, 2, 5}) {
      const Graph graph(n + k, n, k, 5);
      const Ints expected = graph.naive_sums();
      for (const std::size_t threads : {1, 3}) {
        CHECK(graph.sums<std::int64_t>(threads) == expected, n, k, threads);
        CHECK(graph.sums<std::int32_t>(threads) == expected, n, k, threads);
      }
    }
}

CUPEL_TEST(shapley_sums_check_neighbors) {
  for (const std::int64_t bad : {-1, 50}) {
    Graph graph(1, 50, 2, 3);
    graph.neighbors[31] = bad;
    CHECK(throws<std::invalid_argument>([&] { graph.sums<std::int64_t>(1); }), bad);
    graph.neighbors[31] = 0;
    graph.neighbors[32] = bad;  // a third neighbour, which does not count
    CHECK(!throws<std::invalid_argument>([&] { graph.sums<std::int64_t>(1); }), bad);
  }
}

CUPEL_TEST(identical_rows_come_first) {
  const Ints lowest{0, 1, 0, 3, 0, 1};  // rows 0, 2, 4 are identical, and rows 1, 5
  Ints neighbors{1, 2, 3, 5, 0, 1, 2, 4, 0, 1};
  neighbors.insert(neighbors.end(), {3, 2});
  put_identical_first(lowest, 2, neighbors);
  CHECK((neighbors == Ints{2, 4, 5, 3, 0, 4, 2, 4, 0, 2, 1, 3}));
  const Ints wrong{0, 2, 0, 3, 0, 1};
  CHECK(throws<std::invalid_argument>([&] { put_identical_first(wrong, 2, neighbors); }));
}

}  // namespace
}  // namespace cupel::test
