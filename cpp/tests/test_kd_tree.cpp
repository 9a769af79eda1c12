// The k-d tree against comparing all pairs, bit for bit.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "check.hpp"
#include "core/neighbors/kd_tree.hpp"
#include "core/neighbors/nearest_list.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Cloud {
  std::size_t dimension;
  std::vector<double> points;

  [[nodiscard]] std::size_t size() const { return points.size() / dimension; }
  [[nodiscard]] const double* row(std::size_t i) const { return points.data() + i * dimension; }
};

double squared_distance(const double* a, const double* b, std::size_t dimension) {
  double sum = 0.0;
  for (std::size_t d = 0; d < dimension; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

// What each kind is hard for: ties, duplicates, roundings that make ties of different squares,
// columns without use, squares that vanish or nearly overflow.
enum Kind {
  kUniform,
  kLattice,
  kTenths,
  kCopies,
  kIdentical,
  kLine,
  kClusters,
  kTiny,
  kHuge,
  kEnd
};

double drawn(Random& random, Kind kind, std::size_t column) {
  switch (kind) {
    case kLattice:
      return static_cast<double>(random.below(4));
    case kTenths:
      return 0.1 * static_cast<double>(random.below(6)) + 0.7;
    case kClusters:
      return std::pow(10.0, static_cast<double>(random.below(4))) * (1.0 + 1e-3 * random.unit());
    case kTiny:
      return 1e-300 * random.unit();
    case kHuge:
      return 1e150 * (random.unit() - 0.5);
    case kLine:
      return column == 0 ? random.unit() : 3.0;
    default:
      return random.unit() * (column % 2 == 0 ? 1.0 : 1e-4);
  }
}

Cloud cloud(Random& random, Kind kind, std::size_t n, std::size_t dimension) {
  Cloud result{dimension, std::vector<double>(n * dimension)};
  for (std::size_t i = 0; i < n; ++i) {
    const bool copy = i > 0 && (kind == kIdentical || (kind == kCopies && random.chance(0.9)));
    const std::size_t of = kind == kIdentical ? 0 : random.below(std::min<std::size_t>(i + 1, 7));
    for (std::size_t d = 0; d < dimension; ++d)
      result.points[i * dimension + d] =
          copy ? result.row(of)[d] : drawn(random, kind, d) * (random.chance(0.05) ? -1.0 : 1.0);
  }
  return result;
}

Reported any_report(Random& random) {
  if (random.chance(0.3)) return {Metric::kCosine, 1.0};
  // The last two make subnormal distances, so that many squares tie.
  return {Metric::kEuclidean, random.one_of({1.0, 1.0, 3.0, 0x1p300, 0x1p-1022, 1e-300})};
}

// The k nearest of the others by sorting all; `self` is left out.
std::vector<Neighbor> all_sorted(const Cloud& set, const double* query, const Reported& reported,
                                 std::size_t self) {
  std::vector<Neighbor> all;
  for (std::size_t i = 0; i < set.size(); ++i)
    if (i != self)
      all.push_back({reported(squared_distance(query, set.row(i), set.dimension)),
                     static_cast<std::uint32_t>(i)});
  std::sort(all.begin(), all.end());
  return all;
}

struct Lists {
  std::size_t k;
  std::vector<double> distances;
  std::vector<std::int64_t> ids;

  Lists(std::size_t rows, std::size_t per_row)
      : k(per_row), distances(rows * per_row, -1.0), ids(rows * per_row, -1) {}

  [[nodiscard]] bool row_is(std::size_t row, const std::vector<Neighbor>& wanted) const {
    for (std::size_t i = 0; i < k; ++i)
      if (distances[row * k + i] != wanted[i].distance || ids[row * k + i] != wanted[i].id)
        return false;
    return true;
  }
  friend bool operator==(const Lists&, const Lists&) = default;
};

Lists nearest_of_all(const KdTree& tree, std::size_t k, std::size_t threads) {
  Lists lists(tree.size(), k);
  tree.nearest_of_all(k, with_threads(threads), lists.distances, lists.ids);
  return lists;
}

Lists nearest(const KdTree& tree, const Cloud& queries, std::size_t k, std::size_t threads) {
  Lists lists(queries.size(), k);
  tree.nearest(queries.points, k, with_threads(threads), lists.distances, lists.ids);
  return lists;
}

using Pair = std::tuple<std::int64_t, std::int64_t, double>;

std::vector<Pair> pairs_within(const KdTree& tree, double radius, std::size_t threads) {
  std::vector<std::vector<Pair>> found(tree.pair_workers(with_threads(threads)));
  tree.pairs_within(radius, with_threads(threads),
                    [&](std::size_t worker, std::span<const NeighborPair> pairs) {
                      for (const NeighborPair& pair : pairs)
                        found[worker].emplace_back(pair.first, pair.second, pair.distance);
                    });
  std::vector<Pair> all;
  for (const auto& some : found) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return all;
}

// Sizes around those of leaves and of half-filled ones.
std::size_t any_size(Random& random) {
  return random.chance(0.5) ? random.one_of<std::size_t>({2, 3, 31, 32, 33, 34, 64, 65, 129})
                            : 2 + random.below(500);
}

CUPEL_TEST(tree_finds_the_nearest_others_of_all) {
  Random random(1);
  for (int round = 0; round < rounds(600); ++round) {
    const auto kind = static_cast<Kind>(round % kEnd);
    const std::size_t dimension = 1 + random.below(KdTree::kMaxDimension);
    const Cloud set = cloud(random, kind, any_size(random), dimension);
    const Reported reported = any_report(random);
    const KdTree tree(set.points, dimension, reported, {});
    const std::size_t k =
        1 + (random.chance(0.7) ? random.below(std::min<std::size_t>(20, set.size() - 1))
                                : random.below(set.size() - 1));
    const Lists lists = nearest_of_all(tree, k, 1);
    for (std::size_t i = 0; i < set.size(); ++i)
      CHECK(lists.row_is(i, all_sorted(set, set.row(i), reported, i)), round, kind, dimension,
            set.size(), k, i);
  }
}

CUPEL_TEST(tree_finds_the_nearest_of_queries) {
  Random random(2);
  for (int round = 0; round < rounds(600); ++round) {
    const auto kind = static_cast<Kind>(round % kEnd);
    const std::size_t dimension = 1 + random.below(KdTree::kMaxDimension);
    const Cloud set = cloud(random, kind, random.chance(0.1) ? 1 : any_size(random), dimension);
    Cloud queries = cloud(random, kind, random.chance(0.2) ? 1 : any_size(random), dimension);
    if (random.chance(0.5)) std::copy_n(set.row(0), dimension, queries.points.data());
    const Reported reported = any_report(random);
    const KdTree tree(set.points, dimension, reported, {});
    const std::size_t k =
        1 + random.below(random.chance(0.7) ? std::min<std::size_t>(20, set.size()) : set.size());
    const Lists lists = nearest(tree, queries, k, 1);
    for (std::size_t i = 0; i < queries.size(); ++i)
      CHECK(lists.row_is(i, all_sorted(set, queries.row(i), reported, set.size())), round, kind,
            dimension, set.size(), queries.size(), k, i);
  }
}

CUPEL_TEST(tree_finds_all_pairs_within_a_radius) {
  Random random(3);
  for (int round = 0; round < rounds(600); ++round) {
    const auto kind = static_cast<Kind>(round % kEnd);
    const std::size_t dimension = 1 + random.below(KdTree::kMaxDimension);
    const Cloud set = cloud(random, kind, any_size(random), dimension);
    const Reported reported = any_report(random);
    const KdTree tree(set.points, dimension, reported, {});
    // A distance that occurs, just below it, and the ends of the range.
    const double some = reported(
        squared_distance(set.row(0), set.row(1 + random.below(set.size() - 1)), dimension));
    const double radius = random.one_of({some, some, std::nextafter(some, 0.0), 0.0, kInfinity});
    std::vector<Pair> wanted;
    for (std::size_t i = 0; i < set.size(); ++i)
      for (std::size_t j = i + 1; j < set.size(); ++j) {
        const double distance = reported(squared_distance(set.row(i), set.row(j), dimension));
        if (distance <= radius) wanted.emplace_back(i, j, distance);
      }
    CHECK(pairs_within(tree, radius, 1) == wanted, round, kind, dimension, set.size(), radius);
  }
}

// Enough points for several threads and for a tree that is built in several tasks.
CUPEL_TEST(tree_gives_the_same_bits_for_every_thread_count) {
  Random random(4);
  constexpr std::size_t n = 20000;
  for (const Kind kind : {kUniform, kTenths, kCopies}) {
    const Cloud set = cloud(random, kind, n, 3);
    const Cloud queries = cloud(random, kind, n, 3);
    const auto results = [&](std::size_t threads) {
      const KdTree tree(set.points, 3, {}, with_threads(threads));
      const double radius = kind == kUniform ? 0.003 : 0.0;
      return std::tuple(
          nearest_of_all(tree, 5, threads), nearest(tree, queries, 5, threads),
          kind == kCopies ? std::vector<Pair>{} : pairs_within(tree, radius, threads));
    };
    const auto alone = results(1);
    for (const std::size_t threads : {2u, 5u}) CHECK(results(threads) == alone, kind, threads);
    for (std::size_t i = 0; i < n; i += n / 20) {
      CHECK(std::get<0>(alone).row_is(i, all_sorted(set, set.row(i), {}, i)), kind, i);
      CHECK(std::get<1>(alone).row_is(i, all_sorted(set, queries.row(i), {}, n)), kind, i);
    }
  }
}

// All points, or all but a few, at the same place: neighbours are the lowest ids, and not every
// copy is looked at to find them.
CUPEL_TEST(tree_is_fast_among_copies) {
  Random random(5);
  constexpr std::size_t n = rounds(100000);
  for (const std::size_t places : {1u, 2u, 7u}) {
    Cloud set{2, std::vector<double>(2 * n)};
    for (std::size_t i = 0; i < n; ++i)
      set.points[2 * i] = static_cast<double>(random.below(places));
    const auto start = std::chrono::steady_clock::now();
    const KdTree tree(set.points, 2, {}, {});
    const Lists lists = nearest_of_all(tree, 10, 1);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
#if !defined(CUPEL_UNDER_ASAN) && !defined(CUPEL_UNDER_TSAN)
    CHECK(seconds.count() < 10.0, places, seconds.count());
#endif
    for (std::size_t i = 0; i < n; i += n / 10)
      CHECK(lists.row_is(i, all_sorted(set, set.row(i), {}, i)), places, i);
  }
}

CUPEL_TEST(tree_survives_values_that_are_not_finite) {
  Random random(6);
  for (int round = 0; round < rounds(100); ++round) {
    const std::size_t dimension = 1 + random.below(KdTree::kMaxDimension);
    Cloud set = cloud(random, kUniform, any_size(random), dimension);
    for (double& x : set.points)
      if (random.chance(0.3))
        x = random.one_of(
            {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity, 1.7e308, -1.7e308});
    const KdTree tree(set.points, dimension, {}, {});
    const std::size_t k = 1 + random.below(set.size() - 1);
    for (const Lists& lists : {nearest_of_all(tree, k, 1), nearest(tree, set, k, 1)})
      for (const std::int64_t id : lists.ids)
        CHECK(id >= 0 && static_cast<std::size_t>(id) < set.size(), round, id);
    for (const auto& [i, j, distance] : pairs_within(tree, 1.0, 1)) CHECK(distance <= 1.0, i, j);
  }
}

CUPEL_TEST(tree_may_be_empty) {
  const KdTree tree({}, 2, {}, {});
  CHECK(tree.size() == 0 && pairs_within(tree, 1.0, 1).empty());
  CHECK(nearest(tree, {2, {}}, 1, 1).ids.empty());
}

CUPEL_TEST(tree_can_be_interrupted) {
  Random random(7);
  const Cloud set = cloud(random, kUniform, 4000000, 1);        // takes most of a second to build
  const KdTree copies(std::vector<double>(200000), 1, {}, {});  // 2e10 pairs at distance 0
  for (const std::size_t threads : {1u, 3u}) {
    const Execution execution{threads, [] { return true; }};
    const auto start = std::chrono::steady_clock::now();
    CHECK(throws<Interrupted>([&] { KdTree(set.points, 1, {}, execution); }), threads);
    Lists lists(copies.size(), 10);
    CHECK(throws<Interrupted>(
              [&] { copies.nearest_of_all(10, execution, lists.distances, lists.ids); }),
          threads);
    CHECK(throws<Interrupted>([&] {
            copies.pairs_within(0.0, execution, [](std::size_t, std::span<const NeighborPair>) {});
          }),
          threads);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    CHECK(seconds.count() < 10.0, threads, seconds.count());
  }
}

CUPEL_TEST(tree_passes_on_what_its_sink_throws) {
  const KdTree tree(std::vector<double>(100000), 1, {}, {});
  for (const std::size_t threads : {1u, 3u})
    CHECK(throws<std::length_error>([&] {
            tree.pairs_within(0.0, with_threads(threads),
                              [](std::size_t, std::span<const NeighborPair>) {
                                throw std::length_error("full");
                              });
          }),
          threads);
}

// The bound must hold for squares that round to the same distance, and not be far off.
CUPEL_TEST(largest_square_is_an_upper_bound) {
  Random random(8);
  for (int round = 0; round < rounds(200000); ++round) {
    const Reported reported = any_report(random);
    const double square =
        std::ldexp(1.0 + random.unit(), static_cast<int>(random.below(2000)) - 1070);
    const double limit = largest_square(reported, reported(square));
    CHECK(limit >= square, round, square, limit);
    if (limit < kInfinity)
      CHECK(reported(std::nextafter(limit, kInfinity)) > reported(square), round, square, limit);
  }
}

}  // namespace
}  // namespace cupel::test
