// Neighbours against comparing all pairs: the kernels, the exact search, radii, identical rows and
// the approximate graph.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "check.hpp"
#include "core/cpu.hpp"
#include "core/neighbors/packed_rows.hpp"
#include "cupel/neighbors.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

// ---- comparing all pairs -----------------------------------------------------------------------

template <typename T>
long double norm_of(const T* x, std::size_t cols) {
  long double sum = 0;
  for (std::size_t j = 0; j < cols; ++j) {
    const long double value = to_compute(x[j]);
    sum += value * value;
  }
  return std::sqrt(sum);
}

template <typename T>
double naive_distance(const T* x, const T* y, std::size_t cols, Metric metric) {
  const bool cosine = metric == Metric::kCosine;
  const long double nx = cosine ? norm_of(x, cols) : 1;
  const long double ny = cosine ? norm_of(y, cols) : 1;
  if (nx == 0 || ny == 0) return nx == ny ? 0.0 : 1.0;
  long double sum = 0;
  for (std::size_t j = 0; j < cols; ++j) {
    const long double difference = to_compute(x[j]) / nx - to_compute(y[j]) / ny;
    sum += difference * difference;
  }
  return static_cast<double>(cosine ? sum / 2 : std::sqrt(sum));
}

struct Lists {
  std::vector<double> distances;
  std::vector<std::int64_t> indices;
  std::size_t k;

  Lists(std::size_t rows, std::size_t count)
      : distances(rows * count), indices(rows * count), k(count) {}
  NeighborLists view() { return {distances, indices, k}; }
  friend bool operator==(const Lists&, const Lists&) = default;
};

bool is_close(double a, double b, double scale) {
  return std::abs(a - b) <= 1e-9 * std::abs(b) + 1e-15 * scale;
}

// Rows that are alike, far away, zero, or shifted far from the origin.
template <typename T>
Matrix<T> awkward_rows(Random& random, std::size_t rows, std::size_t cols) {
  Matrix<T> matrix(rows, cols);
  const double shift = random.one_of({0.0, 0.0, 1.0, 100.0});
  const double spread = random.one_of({1.0, 1e-2, 8.0});
  const bool steps = random.chance(0.3);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t like = random.below(4 * i + 1);
    const double scale = random.chance(0.1) ? random.one_of({0.0, 1e-3, 30.0}) : 1.0;
    for (std::size_t j = 0; j < cols; ++j) {
      const double draw = steps ? static_cast<double>(random.below(3)) : random.unit();
      matrix(i, j) = like < i ? matrix(like, j) : stored<T>((shift + spread * draw) * scale);
    }
  }
  return matrix;
}

// Whether the lists of the rows of `x` among the rows of `y` are right: the right distances, each
// of the row that is named, ascending by (distance, index).
template <typename T>
void check_lists(const Lists& got, MatrixView<T> x, MatrixView<T> y, Metric metric, bool itself,
                 const std::string& isa) {
  const double scale = metric == Metric::kCosine ? 1.0 : 1e4;
  for (std::size_t i = 0; i < x.rows; ++i) {
    std::vector<double> all;
    for (std::size_t j = 0; j < y.rows; ++j)
      if (!itself || i != j) all.push_back(naive_distance(x.row(i), y.row(j), x.cols, metric));
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> seen;
    for (std::size_t n = 0; n < got.k; ++n) {
      const double d = got.distances[i * got.k + n];
      const auto j = got.indices[i * got.k + n];
      CHECK(is_close(d, all[n], scale), isa, i, n, d, all[n]);
      CHECK(!itself || j != static_cast<std::int64_t>(i), isa, i, n);
      const double named =
          naive_distance(x.row(i), y.row(static_cast<std::size_t>(j)), x.cols, metric);
      CHECK(is_close(d, named, scale), isa, i, j, d, named);
      if (n > 0) {
        const std::pair before(got.distances[i * got.k + n - 1], got.indices[i * got.k + n - 1]);
        CHECK(before < std::pair(d, j), isa, i, n);
      }
    }
  }
}

// ---- kernels -----------------------------------------------------------------------------------

template <typename T>
void check_squared_distances() {
  Random random(11);
  for (const std::size_t cols : {1u, 2u, 7u, 8u, 9u, 15u, 16u, 17u, 31u, 33u, 100u}) {
    const Matrix<T> rows = awkward_rows<T>(random, 20, cols);
    std::vector<double> baseline;
    for_each_isa([&](const std::string& isa) {
      std::vector<double> values;
      for (std::size_t i = 0; i < 20; ++i)
        for (std::size_t j = 0; j < 20; ++j)
          values.push_back(kernels_of<T>().squared_distance(rows.view().row(i), {0.5, 3.0},
                                                            rows.view().row(j), {0.5, 3.0}, cols));
      if (baseline.empty()) baseline = values;
      CHECK(values == baseline, isa, cols);
    });
    for (std::size_t i = 0; i < 20; ++i)
      for (std::size_t j = 0; j < 20; ++j) {
        const double naive =
            naive_distance(rows.view().row(i), rows.view().row(j), cols, Metric::kEuclidean);
        CHECK(is_close(baseline[i * 20 + j], 2.25 * naive * naive, 1e-3), cols, i, j);
      }
  }
}

CUPEL_TEST(squared_distances_are_right_and_the_same_everywhere) {
  check_squared_distances<Half>();
  check_squared_distances<float>();
  check_squared_distances<double>();
}

CUPEL_TEST(close_pairs_are_all_that_reach_a_cut) {
  Random random(12);
  for_each_isa([&](const std::string& isa) {
    const PanelKernels& panels = active_kernels().panels;
    const std::size_t w = panels.width;
    for (const std::size_t depth : {0u, 1u, 5u, 64u}) {
      std::vector<float> a(w * depth), b(w * depth), cuts_a(w), cuts_b(w), norms_a(w), norms_b(w);
      for (std::vector<float>* values : {&a, &b, &norms_a, &norms_b})
        for (float& value : *values) value = static_cast<float>(random.below(9)) - 4.0f;
      for (std::vector<float>* cuts : {&cuts_a, &cuts_b})
        for (float& cut : *cuts)
          cut = random.chance(0.3) ? std::numeric_limits<float>::infinity()
                                   : static_cast<float>(random.below(60)) - 10.0f;
      std::vector<PanelHit> hits(w * w);
      hits.resize(panels.close_pairs(
          {a.data(), b.data(), depth, norms_a.data(), norms_b.data(), cuts_a.data(), cuts_b.data()},
          hits.data()));
      std::size_t expected = 0;
      for (std::size_t i = 0; i < w; ++i)
        for (std::size_t j = 0; j < w; ++j) {
          float closeness = -norms_a[i] - norms_b[j];  // small integers: exact in any order
          for (std::size_t c = 0; c < depth; ++c) closeness += a[c * w + i] * b[c * w + j];
          if (!(closeness >= std::min(cuts_a[i], cuts_b[j]))) continue;
          ++expected;
          CHECK(std::any_of(hits.begin(), hits.end(),
                            [&](const PanelHit& hit) {
                              return hit.a == i && hit.b == j && hit.closeness == closeness;
                            }),
                isa, depth, i, j);
        }
      CHECK(hits.size() == expected, isa, depth);
    }
  });
}

// ---- exact lists -------------------------------------------------------------------------------

template <typename T>
void check_nearest(std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < rounds(60); ++round) {
    const std::size_t n = 2 + random.below(150);
    const std::size_t cols = 1 + random.below(40);
    const Metric metric = random.one_of({Metric::kEuclidean, Metric::kCosine});
    const Matrix<T> rows = awkward_rows<T>(random, n, cols);
    const std::size_t k =
        1 + random.below(random.chance(0.2) ? n - 1 : std::min<std::size_t>(n - 1, 12));
    Lists first(n, k);
    nearest_of_all(rows.view(), metric, with_threads(1), first.view());
    const std::size_t m = 1 + random.below(n);
    const MatrixView<T> part{rows.view().row(0), m, cols, rows.view().row_stride};
    Lists queried(n, std::min(k, m));
    for_each_isa([&](const std::string& isa) {
      for (const std::size_t threads : {1u, 3u}) {
        Lists again(n, k);
        nearest_of_all(rows.view(), metric, with_threads(threads), again.view());
        CHECK(again == first, isa, threads, round);
        nearest_of_queries(part, rows.view(), metric, with_threads(threads), queried.view());
        check_lists(queried, rows.view(), part, metric, false, isa);
      }
    });
    check_lists(first, rows.view(), rows.view(), metric, true, "any");
  }
}

CUPEL_TEST(nearest_rows_are_those_of_comparing_all_pairs) {
  check_nearest<Half>(21);
  check_nearest<float>(22);
  check_nearest<double>(23);
}

CUPEL_TEST(blocks_and_threads_leave_no_trace) {
  Random random(24);
  Matrix<float> rows(2500, 12);
  rows.fill([&] { return random.unit(); });
  Lists first(2500, 10);
  nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(1), first.view());
  for_each_isa([&](const std::string& isa) {
    for (const std::size_t threads : {1u, 2u, 5u}) {
      Lists again(2500, 10);
      nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(threads), again.view());
      CHECK(again == first, isa, threads);
    }
  });
}

// Differences far below float32's resolution: only the search without the filter can order them.
CUPEL_TEST(rows_too_close_for_float32_are_told_apart) {
  for (const double step : {1e-12, 1e-9}) {
    Matrix<double> rows(300, 20);
    for (std::size_t i = 0; i < 300; ++i)
      for (std::size_t j = 0; j < 20; ++j)
        rows(i, j) = 1.0 + (j == 0 ? step * static_cast<double>(i * i) : 0.0);
    Lists lists(300, 2);
    nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(2), lists.view());
    for (std::int64_t i = 1; i < 300; ++i)
      CHECK(lists.indices[static_cast<std::size_t>(2 * i)] == i - 1, step, i);
  }
}

CUPEL_TEST(extreme_numbers_neither_overflow_nor_vanish) {
  const double huge = 1e300;
  const double tiny = 5e-320;
  for (const double unit : {huge, tiny, 1.0}) {
    Matrix<double> rows(60, 12);
    for (std::size_t i = 0; i < 60; ++i)
      for (std::size_t j = 0; j < 12; ++j) rows(i, j) = unit * static_cast<double>(i * i % 61 + j);
    Lists lists(60, 3);
    nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(1), lists.view());
    for (std::size_t i = 0; i < 60; ++i) {
      const double away = rows(static_cast<std::size_t>(lists.indices[3 * i]), 0) - rows(i, 0);
      CHECK(std::isfinite(lists.distances[3 * i]), unit, i);
      CHECK(is_close(lists.distances[3 * i], std::abs(away) * std::sqrt(12.0), 1e-300), unit, i);
    }
  }
  Matrix<float> rows(50, 10);
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t j = 0; j < 10; ++j)
      rows(i, j) = i % 2 == 0 ? 3e38f : static_cast<float>(i) * 1e-30f;
  Lists lists(50, 1);
  nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(1), lists.view());
  for (std::size_t i = 5; i < 50; i += 2)
    CHECK(lists.indices[i] == static_cast<std::int64_t>(i) - 2);
}

CUPEL_TEST(all_rows_may_be_equal) {
  Matrix<float> rows(5000, 16);
  rows.fill([] { return 0.25; });
  Lists lists(5000, 3);
  nearest_of_all(rows.view(), Metric::kCosine, with_threads(2), lists.view());
  for (std::int64_t i = 0; i < 5000; ++i)
    for (std::int64_t n = 0; n < 3; ++n) {
      const auto at = static_cast<std::size_t>(3 * i + n);
      CHECK(lists.distances[at] == 0.0);
      CHECK(lists.indices[at] == (n < i ? n : n + 1), i, n);
    }
}

CUPEL_TEST(nan_is_survived) {
  Random random(25);
  Matrix<double> rows(200, 20);
  rows.fill([&] { return random.chance(0.05) ? std::nan("") : random.unit(); });
  for (const Metric metric : {Metric::kEuclidean, Metric::kCosine}) {
    Lists lists(200, 5);
    nearest_of_all(rows.view(), metric, with_threads(1), lists.view());
    for (const std::int64_t j : lists.indices) CHECK(j >= 0 && j < 200);
    pairs_within(rows.view(), metric, 0.5, with_threads(1));
  }
}

// ---- radii and identical rows ------------------------------------------------------------------

CUPEL_TEST(pairs_and_groups_within_a_radius) {
  Random random(31);
  for (int round = 0; round < rounds(80); ++round) {
    const std::size_t n = 1 + random.below(120);
    const std::size_t cols = 1 + random.below(30);
    const Metric metric = random.one_of({Metric::kEuclidean, Metric::kCosine});
    const Matrix<float> rows = awkward_rows<float>(random, n, cols);
    const auto distance = [&](std::size_t i, std::size_t j) {
      return naive_distance(rows.view().row(i), rows.view().row(j), cols, metric);
    };
    const double radius = n < 2 || random.chance(0.2) ? 0.0 : distance(0, random.below(n)) * 1.0001;
    std::vector<std::int64_t> expected(n);
    std::iota(expected.begin(), expected.end(), std::int64_t{0});
    const std::vector<NeighborPair> pairs =
        pairs_within(rows.view(), metric, radius, with_threads(2));
    std::size_t p = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) {
        const double d = distance(i, j);
        const bool listed = p < pairs.size() && pairs[p].first == static_cast<std::int64_t>(i) &&
                            pairs[p].second == static_cast<std::int64_t>(j);
        const bool doubtful = is_close(d, radius, 1e4);
        CHECK(doubtful || listed == (d <= radius), round, i, j, d, radius);
        if (!listed) continue;
        CHECK(is_close(pairs[p].distance, d, 1e4), round, i, j);
        ++p;
        const std::int64_t from = std::max(expected[i], expected[j]);
        const std::int64_t to = std::min(expected[i], expected[j]);
        std::replace(expected.begin(), expected.end(), from, to);
      }
    CHECK(p == pairs.size(), round, "out of order");
    std::vector<std::int64_t> group(n);
    groups_within(rows.view(), metric, radius, with_threads(2), group);
    CHECK(group == expected, round, radius);
  }
}

CUPEL_TEST(identical_rows_share_the_lowest_row) {
  Matrix<double> rows(6, 3);
  const double values[] = {0.0, 1.0, -0.0, 1.0, 2.0, 1.0};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 3; ++j) rows(i, j) = values[i];
  std::vector<std::int64_t> group(6);
  identical_rows(rows.view(), with_threads(1), std::span(group));
  CHECK(group == (std::vector<std::int64_t>{0, 1, 0, 1, 4, 1}));
}

CUPEL_TEST(the_first_row_that_is_not_finite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), infinity, -infinity}) {
    Matrix<float> rows(3000, 5);
    rows.fill([] { return 3e38; });
    CHECK(first_nonfinite_row(rows.view(), with_threads(2)) == 3000);
    rows(2900, 4) = static_cast<float>(bad);
    rows(1234, 1) = static_cast<float>(bad);
    CHECK(first_nonfinite_row(rows.view(), with_threads(2)) == 1234);
  }
}

// ---- approximately -----------------------------------------------------------------------------

CUPEL_TEST(the_approximate_graph_is_as_good_as_it_says) {
  constexpr std::size_t n = 9000, cols = 24, k = 5;
  Random random(41);
  Matrix<float> rows(n, cols);
  rows.fill([&] { return random.unit(); });
  Lists exact(n, k);
  nearest_of_all(rows.view(), Metric::kEuclidean, with_threads(2), exact.view());
  std::vector<Lists> found;
  for (const std::size_t threads : {1u, 3u}) {
    Lists lists(n, k);
    const Recall recall = nearest_of_all_approximately(rows.view(), Metric::kEuclidean, {0.9, 7},
                                                       with_threads(threads), lists.view());
    std::size_t hits = 0;
    for (std::size_t i = 0; i < n * k; ++i)
      hits += lists.distances[i] <= exact.distances[i / k * k + k - 1] ? 1u : 0u;
    const double truth = static_cast<double>(hits) / static_cast<double>(n * k);
    CHECK(recall.low <= truth && truth <= recall.high, recall.low, truth, recall.high);
    CHECK(truth >= 0.88 && recall.sample == 1000 && recall.rechecked == n / 100, truth);
    found.push_back(lists);
  }
  CHECK(found[0] == found[1]);
}

CUPEL_TEST(a_search_can_be_interrupted_and_tells_its_progress) {
  Random random(51);
  Matrix<float> rows(12000, 64);
  rows.fill([&] { return random.unit(); });
  Lists lists(12000, 5);
  const Execution stopped{2, [] { return true; }, {}};
  CHECK(throws<Interrupted>(
      [&] { nearest_of_all(rows.view(), Metric::kCosine, stopped, lists.view()); }));
  double last = 0.0;
  bool ascends = true;
  const Execution told{1, {}, [&](double fraction) {
                         ascends &= fraction >= last && fraction <= 1.0;
                         last = fraction;
                       }};
  nearest_of_all(rows.view(), Metric::kCosine, told, lists.view());
  CHECK(ascends && last == 1.0, last);
}

}  // namespace
}  // namespace cupel::test
