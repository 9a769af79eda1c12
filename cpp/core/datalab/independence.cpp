#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <vector>

#include "core/datalab/edges.hpp"
#include "core/datalab/shuffles.hpp"
#include "core/parallel.hpp"
#include "cupel/datalab.hpp"

namespace cupel {
namespace {

constexpr std::size_t kRowsPerBlock = 1024;
constexpr std::size_t kShortList = 32;

// All neighbours, checked, in half the memory: they are read once for every order.
std::vector<std::uint32_t> checked_neighbors(const NeighborsView<std::int64_t>& neighbors) {
  std::vector<std::uint32_t> out(neighbors.rows * neighbors.k);
  std::uint32_t* to = out.data();
  for (std::size_t i = 0; i < neighbors.rows; ++i)
    for (std::size_t j = 0; j < neighbors.k; ++j)
      *to++ = static_cast<std::uint32_t>(
          checked_neighbor(neighbors.indices[i * neighbors.stride + j], i, j, neighbors.rows));
  return out;
}

// |a - b|; which is larger, no branch could predict.
std::uint32_t gap_between(std::uint32_t a, std::uint32_t b) {
  const auto difference = static_cast<std::int32_t>(a - b);
  const std::int32_t sign = difference >> 31;
  return static_cast<std::uint32_t>((difference ^ sign) - sign);
}

// Edges of the graph, and how many pairs drawn at random would have a gap of at most d.
struct GapTest {
  std::vector<std::uint32_t> neighbors;
  std::vector<double> expected;

  explicit GapTest(const NeighborsView<std::int64_t>& graph)
      : neighbors(checked_neighbors(graph)), expected(graph.rows) {
    const auto n = static_cast<double>(graph.rows);
    const auto total = static_cast<double>(neighbors.size());
    for (std::size_t gap = 0; gap < expected.size(); ++gap) {
      const auto d = static_cast<double>(gap);
      expected[gap] = total * (d * (2.0 * n - d - 1.0) / (n * (n - 1.0)));
    }
  }

  // The statistic of one order. `counts` is scratch, one for every row.
  [[nodiscard]] double statistic(std::span<const std::uint32_t> places,
                                 std::span<std::uint32_t> counts) const {
    std::fill(counts.begin(), counts.end(), 0U);
    const std::size_t k = neighbors.size() / places.size();
    const std::uint32_t* neighbor = neighbors.data();
    for (const std::uint32_t own : places)
      for (std::size_t j = 0; j < k; ++j) ++counts[gap_between(own, places[*neighbor++])];
    double largest = 0.0;
    double below = 0.0;
    for (std::size_t gap = 0; gap < counts.size(); ++gap) {
      if (counts[gap] == 0) continue;
      const double first = below - expected[gap];  // of the pairs with this gap; the last is:
      below += counts[gap];
      largest = std::max({largest, std::abs(first), std::abs(below - 1.0 - expected[gap])});
    }
    return largest / static_cast<double>(neighbors.size());
  }
};

// Hands out the orders, one after the other, to whichever thread asks.
class Orders {
 public:
  Orders(std::uint32_t seed, std::size_t count) : random_(seed), count_(count) {}

  // Sets `places` to the next order and returns its number; `count` if there is none. `swaps` is
  // scratch of the same size.
  std::size_t next(std::span<std::uint32_t> swaps, std::span<std::uint32_t> places) {
    const std::size_t number = draw(swaps);
    if (number == 0)
      std::iota(places.begin(), places.end(), 0U);
    else if (number < count_)
      shuffle_places(swaps, places);
    return number;
  }

 private:
  std::size_t draw(std::span<std::uint32_t> swaps) {
    const std::lock_guard lock(mutex_);
    if (drawn_ == count_) return count_;
    if (drawn_ > 0) draw_swaps(random_, swaps);
    return drawn_++;
  }

  std::mutex mutex_;
  MersenneTwister random_;
  std::size_t count_;
  std::size_t drawn_ = 0;
};

// Area under the distribution of gaps between row `row` and another one drawn at random, up to a
// gap, times the number of others. The distribution rises by two rows a step where there are rows
// on both sides, then by one.
class UsualArea {
 public:
  UsualArea(std::size_t row, std::size_t rows)
      : both_(static_cast<double>(std::min(row, rows - 1 - row))) {}

  [[nodiscard]] double up_to(double gap) const {
    const double beyond = std::max(gap - both_, 0.0);
    const double within = gap - beyond;
    return within * within + 0.5 * beyond * (beyond + 4.0 * both_);
  }

 private:
  double both_;
};

// Sorts in place; short lists without a branch, which nobody could predict. (Of doubles, a compiler
// makes minima and maxima by instructions of their own.)
void sort_gaps(std::span<double> gaps) {
  if (gaps.size() > kShortList) {
    std::sort(gaps.begin(), gaps.end());
    return;
  }
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    double inserted = gaps[i];
    for (std::size_t j = 0; j < i; ++j) {
      const double other = gaps[j];
      gaps[j] = std::min(other, inserted);
      inserted = std::max(other, inserted);
    }
    gaps[i] = inserted;
  }
}

double gap_score(std::size_t row, std::size_t rows, std::span<const double> sorted_gaps) {
  const UsualArea usual(row, rows);
  const auto others = static_cast<double>(rows - 1);
  const double step = others / static_cast<double>(sorted_gaps.size());
  double area = 0.0;
  double from = 0.0;
  double area_from = 0.0;
  double height = 0.0;
  const auto add_step = [&](double to) {
    const double area_to = usual.up_to(to);
    area += std::abs(area_to - area_from - height * (to - from));
    from = to;
    area_from = area_to;
    height += step;
  };
  for (const double gap : sorted_gaps) add_step(gap);
  add_step(static_cast<double>(std::max(row, rows - 1 - row)));
  return 1.0 - std::tanh(area / (others * static_cast<double>(std::max(row, rows - row))));
}

}  // namespace

void gap_statistics(const NeighborsView<std::int64_t>& neighbors, std::uint32_t seed,
                    const Execution& execution, std::span<double> statistics) {
  const GapTest test(neighbors);
  Orders orders(seed, statistics.size());
  const std::size_t workers =
      worker_count(execution, statistics.size(),
                   statistics.size() * test.neighbors.size() * sizeof(std::uint32_t));
  parallel_workers(execution, workers, [&](std::size_t, const Proceed& proceed) {
    std::vector<std::uint32_t> swaps(neighbors.rows);
    std::vector<std::uint32_t> places(neighbors.rows);
    while (proceed()) {
      const std::size_t number = orders.next(swaps, places);
      if (number == statistics.size()) return;
      statistics[number] = test.statistic(places, swaps);
    }
  });
}

void gap_scores(const NeighborsView<std::int64_t>& neighbors, const Execution& execution,
                std::span<double> scores) {
  const std::size_t n = neighbors.rows;
  const std::size_t k = neighbors.k;
  const std::size_t blocks = (n + kRowsPerBlock - 1) / kRowsPerBlock;
  const std::size_t workers = worker_count(execution, blocks, n * k * 4 * sizeof(std::int64_t));
  parallel_blocks(execution, workers, n, kRowsPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    std::vector<double> gaps(k);
                    for (std::size_t i = begin; i < end; ++i) {
                      const std::int64_t* row = neighbors.indices + i * neighbors.stride;
                      for (std::size_t j = 0; j < k; ++j) {
                        const std::size_t other = checked_neighbor(row[j], i, j, n);
                        gaps[j] = static_cast<double>(i > other ? i - other : other - i);
                      }
                      sort_gaps(gaps);
                      scores[i] = gap_score(i, n, gaps);
                    }
                  });
}

}  // namespace cupel
