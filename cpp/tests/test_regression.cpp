// Mean distances to the nearest points: by plain sorting, within the bound of the series, and the
// same bits for every thread count.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "core/regression/distance_series.hpp"
#include "cupel/regression.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

using regression::DistanceSeries;

struct Plane {
  std::vector<double> x, y;

  Plane(std::uint64_t seed, std::size_t n, bool tied) {
    Random random(seed);
    for (std::size_t i = 0; i < n; ++i) {
      x.push_back(tied ? static_cast<double>(random.below(5)) : random.unit());
      y.push_back(tied ? static_cast<double>(random.below(3)) : 5.0 * random.unit());
    }
  }
  std::vector<double> means(std::size_t k, std::size_t threads) const {
    std::vector<double> out(x.size());
    mean_nearest_distances(x, y, k, with_threads(threads), out);
    return out;
  }
  [[nodiscard]] double naive_mean(std::size_t i, std::size_t k) const {
    std::vector<double> distances;
    for (std::size_t j = 0; j < x.size(); ++j)
      distances.push_back(std::hypot(x[j] - x[i], y[j] - y[i]));
    std::sort(distances.begin(), distances.end());
    double sum = 0.0;
    for (std::size_t j = 0; j < k; ++j) sum += distances[j];
    return sum / static_cast<double>(k);
  }
};

CUPEL_TEST(mean_distances_are_those_of_sorting) {
  for (const std::size_t n : {1, 2, 16, 17, 33, 400, 1500})
    for (const bool tied : {false, true}) {
      const Plane plane(n, n, tied);
      for (const std::size_t k : {std::size_t{1}, (n + 1) / 2, n}) {
        const std::vector<double> means = plane.means(k, 1);
        for (std::size_t i = 0; i < n; i += 1 + n / 40) {
          const double expected = plane.naive_mean(i, k);
          CHECK(std::abs(means[i] - expected) <= 2e-8 * expected, n, tied, k, i, means[i],
                expected);
        }
      }
    }
}

CUPEL_TEST(mean_distances_do_not_depend_on_threads) {
  const Plane plane(7, 5000, false);
  const std::vector<double> one = plane.means(2500, 1);
  const std::vector<double> three = plane.means(2500, 3);
  for (std::size_t i = 0; i < one.size(); ++i)
    CHECK(std::bit_cast<std::uint64_t>(one[i]) == std::bit_cast<std::uint64_t>(three[i]), i);
}

CUPEL_TEST(mean_distances_refuse_what_is_not_finite) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Plane plane(1, 40, false);
    plane.y[7] = bad;
    CHECK(throws<std::invalid_argument>([&] { plane.means(20, 1); }), bad);
  }
}

CUPEL_TEST(series_keep_their_bound) {
  // One point on the rim, in every direction, asked about from as near as is allowed: the worst
  // case.
  constexpr double kBound = 9.4e-9;
  constexpr double kRadius = 3.0;
  double worst = 0.0;
  for (int step = 0; step < 360; ++step) {
    const double angle = step * 3.141592653589793 / 180.0;
    const std::vector<double> x{1.0 + kRadius * std::cos(angle)};
    const std::vector<double> y{-2.0 + kRadius * std::sin(angle)};
    const DistanceSeries series(x, y, 1.0, -2.0, kRadius);
    DistanceSeries::Places at_x, at_y, sums{};
    at_x.fill(1.0 + kRadius / DistanceSeries::kReach);
    at_y.fill(-2.0);
    series.add_distances(at_x, at_y, sums);
    const double distance = std::hypot(x[0] - at_x[0], y[0] - at_y[0]);
    worst = std::max(worst, std::abs(sums[0] - distance) / distance);
  }
  CHECK(worst <= kBound, worst);
  CHECK(worst > 1e-3 * kBound, worst);  // else the series is longer than it need be
}

}  // namespace
}  // namespace cupel::test
