// Rows of many columns that vary in few directions: the bound, and the searches that rest on it.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "check.hpp"
#include "core/neighbors/projection.hpp"
#include "cupel/neighbors.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr std::size_t kRows = 4300;
constexpr std::size_t kCols = 64;

// Points near a few random directions, far from the origin, some of them equal, one of them zero.
template <typename T>
Matrix<T> flat_rows(Random& random, double noise) {
  constexpr std::size_t directions = 10;
  std::vector<double> basis(directions * kCols);
  for (double& x : basis) x = random.unit() - 0.5;
  Matrix<T> rows(kRows, kCols);
  for (std::size_t i = 0; i < kRows; ++i) {
    double along[directions];
    for (double& x : along) x = 8.0 * random.unit();
    for (std::size_t j = 0; j < kCols; ++j) {
      double x = 3.0 + noise * random.unit();
      for (std::size_t q = 0; q < directions; ++q) x += along[q] * basis[q * kCols + j];
      rows(i, j) = i % 500 == 7 ? rows(0, j) : stored<T>(i == 11 ? 0.0 : x);
    }
  }
  return rows;
}

std::vector<std::uint32_t> all_rows() {
  std::vector<std::uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), std::uint32_t{0});
  return rows;
}

template <typename T>
void check_bound(Metric metric, double noise) {
  Random random(61);
  const Matrix<T> rows = flat_rows<T>(random, noise);
  const std::vector<std::uint32_t> all = all_rows();
  const Execution execution = with_threads(2);
  const Points<T> points(rows.view(), metric, largest_magnitude(rows.view(), execution), execution);
  const Frame frame = Frame::around(points);
  for_each_isa([&](const std::string& isa) {
    const Projection projection(points, all, frame);
    constexpr std::size_t count = 16;
    std::vector<float> norms2;
    const PackedRows projected = projection.pack(points, all, frame, count, norms2, execution);
    const Projection::Bound bound(projection, count);
    const std::size_t w = projected.width();
    for (int pair = 0; pair < 3000; ++pair) {
      const std::size_t i = random.below(kRows);
      const std::size_t j = pair % 3 == 0 ? std::min(kRows - 1, i + 1) : random.below(kRows);
      double squared = 0.0;
      for (std::size_t q = 0; q < count; ++q) {
        const double difference = static_cast<double>(projected.panel(i / w)[q * w + i % w]) -
                                  static_cast<double>(projected.panel(j / w)[q * w + j % w]);
        squared += difference * difference;
      }
      const double truth = points.squared(i, j) * frame.scale * frame.scale / 2;
      const double limit = bound(static_cast<double>(norms2[i]), truth);
      CHECK(squared / 2 <= limit * (1 + 1e-12), isa, i, j, squared / 2, limit);
    }
    const std::vector<std::uint32_t> observers{1, 2, 3, 4, 5, 6, 8, 9};
    const std::vector<double> near(observers.size(), 0.0);
    CHECK(projection.cheapest(points, all, frame, observers, near) > 0, isa);
    const std::vector<double> far(observers.size(), std::numeric_limits<double>::infinity());
    CHECK(projection.cheapest(points, all, frame, observers, far) == 0, isa);
  });
}

CUPEL_TEST(projected_distances_stay_below_their_bound) {
  check_bound<Half>(Metric::kEuclidean, 0.5);
  check_bound<float>(Metric::kEuclidean, 0.5);
  check_bound<float>(Metric::kCosine, 1e-4);
  check_bound<double>(Metric::kEuclidean, 0.0);  // directions that vanish
  check_bound<double>(Metric::kCosine, 0.5);
}

// The lists of some rows, by comparing them with all.
template <typename T>
void check_some_rows(MatrixView<T> rows, Metric metric, std::span<const double> distances,
                     std::span<const std::int64_t> indices, std::size_t k) {
  const Execution execution = with_threads(1);
  const Points<T> points(rows, metric, largest_magnitude(rows, execution), execution);
  for (std::size_t i = 0; i < kRows; i += 61) {
    std::vector<std::pair<double, std::int64_t>> all;
    for (std::size_t j = 0; j < kRows; ++j)
      if (j != i)
        all.emplace_back(points.reported()(points.squared(i, j)), static_cast<std::int64_t>(j));
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end());
    for (std::size_t n = 0; n < k; ++n) {
      CHECK(distances[i * k + n] == all[n].first, i, n, distances[i * k + n], all[n].first);
      CHECK(indices[i * k + n] == all[n].second, i, n);
    }
  }
}

template <typename T>
void check_search(Metric metric, double noise) {
  constexpr std::size_t k = 7;
  Random random(62);
  const Matrix<T> rows = flat_rows<T>(random, noise);
  std::vector<double> first;
  for_each_isa([&](const std::string& isa) {
    for (const std::size_t threads : {1u, 3u}) {
      std::vector<double> distances(kRows * k);
      std::vector<std::int64_t> indices(kRows * k);
      nearest_of_all(rows.view(), metric, with_threads(threads), {distances, indices, k});
      if (first.empty()) {
        first = distances;
        check_some_rows(rows.view(), metric, distances, indices, k);
      }
      CHECK(distances == first, isa, threads);
    }
  });
  // As far as the seventh neighbour of row 0: pairs of rows 0 are those on its list.
  const double radius = first[k - 1];
  const std::vector<NeighborPair> pairs =
      pairs_within(rows.view(), metric, radius, with_threads(2));
  const auto of_first = std::count_if(pairs.begin(), pairs.end(),
                                      [](const NeighborPair& pair) { return pair.first == 0; });
  CHECK(of_first >= static_cast<std::ptrdiff_t>(k), of_first);
  for (const NeighborPair& pair : pairs) CHECK(pair.distance <= radius);
}

CUPEL_TEST(searches_in_few_directions_are_exact) {
  check_search<Half>(Metric::kCosine, 0.5);
  check_search<float>(Metric::kEuclidean, 0.5);
  check_search<float>(Metric::kCosine, 1e-3);
  check_search<double>(Metric::kEuclidean, 0.0);
}

}  // namespace
}  // namespace cupel::test
