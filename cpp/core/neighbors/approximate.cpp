// The approximate graph: rows meet in cells around random leaders, again and again with other
// leaders, until a sample says that enough of the nearest have met.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include "core/neighbors/list_writer.hpp"
#include "core/neighbors/partition.hpp"
#include "core/neighbors/search.hpp"

namespace cupel {
namespace {

constexpr std::size_t kOverlap = 2;         // cells per row and round
constexpr std::size_t kSteeringRows = 256;  // that say when to stop
constexpr std::size_t kSampleRows = 1000;   // that say how good the result is
constexpr std::size_t kRecheckedShare = 100;
constexpr std::size_t kLargeCell = 8192;  // rows; from here on all threads work on one cell
constexpr std::size_t kFewRows = 8192;    // too few for anything but the exact search

// Guards rows in turns; a lock per row would take more memory than the lists.
class RowLocks {
 public:
  std::mutex& of(std::size_t row) { return locks_[row % locks_.size()]; }

 private:
  std::array<std::mutex, 1024> locks_;
};

template <typename T>
class ApproximateGraph {
 public:
  ApproximateGraph(const SearchedSet<T>& set, std::size_t count, std::uint64_t seed,
                   const Execution& execution)
      : set_(set),
        execution_(execution),
        count_(count),
        random_(seed),
        lists_(set.size(), shortlist_size(count, set.size() - 1)) {}

  [[nodiscard]] const CandidateLists& lists() const { return lists_; }

  // Lets the rows meet until `target` is reached on the steering sample.
  void build(double target) {
    const std::vector<std::uint32_t> positions = sample(kSteeringRows);
    const std::vector<std::vector<Near>> exact = search_exactly(positions);
    const double all_pairs =
        static_cast<double>(set_.size()) * static_cast<double>(set_.size()) / 2;
    for (double recall = 0.0, pairs = 0.0; recall < target && pairs < all_pairs / 4;) {
      pairs += meet();
      recall = mean_of(recalls(positions, exact));
      if (execution_.progress) execution_.progress(std::min(1.0, recall / target) * 0.75);
    }
  }

  // The mean recall of a new sample, with Wilson's interval as if rows were wholly right or wrong,
  // which is never too narrow.
  Recall measure() {
    const std::vector<std::uint32_t> positions = sample(kSampleRows);
    const std::vector<double> shares = recalls(positions, search_exactly(positions));
    const double n = static_cast<double>(shares.size());
    const double z2 = 1.959964 * 1.959964;
    const double mean = mean_of(shares);
    const double centre = (mean + z2 / (2 * n)) / (1 + z2 / n);
    const double half = std::sqrt(z2 * (mean * (1 - mean) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    return {mean, std::max(0.0, centre - half), std::min(1.0, centre + half), shares.size(), 0};
  }

  // The exact neighbours of the rows at these positions.
  std::vector<std::vector<Near>> search_exactly(std::span<const std::uint32_t> positions) const {
    std::vector<std::vector<Near>> nearest(positions.size());
    std::vector<std::uint32_t> rows(positions.begin(), positions.end());
    for (std::uint32_t& row : rows) row = set_.distinct().rows()[row];
    const Execution quiet{execution_.threads, execution_.interrupted};
    const PackedRows packed(set_.points(), rows, set_.frame(), quiet);
    search<T>(set_, {set_.points(), rows, packed, true}, count_, quiet,
              [&](std::size_t i, std::span<const Near> found) {
                nearest[i].assign(found.begin(), found.end());
              });
    return nearest;
  }

 private:
  std::vector<std::uint32_t> sample(std::size_t rows) {
    return spread_sample(set_.size(), std::min(rows, set_.size()), random_);
  }

  static double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  // The share of each row's exact neighbours that are on its list.
  [[nodiscard]] std::vector<double> recalls(std::span<const std::uint32_t> positions,
                                            const std::vector<std::vector<Near>>& exact) const {
    std::vector<double> shares;
    for (std::size_t s = 0; s < positions.size(); ++s) {
      const auto list = lists_.of(positions[s]);
      const auto found = std::count_if(exact[s].begin(), exact[s].end(), [&](const Near& near) {
        return std::any_of(list.begin(), list.end(), [&](const Candidate& candidate) {
          return candidate.position == near.group;
        });
      });
      shares.push_back(static_cast<double>(found) / static_cast<double>(exact[s].size()));
    }
    return shares;
  }

  // One round with new leaders, as many as make finding them and comparing within cells cost about
  // the same. Returns how many pairs were compared.
  double meet() {
    const auto leaders =
        static_cast<std::size_t>(1.5 * std::sqrt(static_cast<double>(set_.size())));
    const Execution quiet{execution_.threads, execution_.interrupted};
    const Cells cells = cells_around_leaders(set_, leaders, kOverlap, random_, quiet);
    std::vector<std::size_t> order(cells.size());  // largest first, so that none is left to the end
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return cells[a].size() > cells[b].size();
    });
    double pairs = 0.0;
    for (const std::size_t c : order)
      pairs += static_cast<double>(cells[c].size()) * static_cast<double>(cells[c].size()) / 2;
    std::size_t large = 0;
    for (; large < order.size() && cells[order[large]].size() > kLargeCell; ++large)
      join_cell(cells[order[large]], quiet);
    const std::size_t rest = order.size() - large;
    parallel_blocks(quiet, std::min(quiet.threads, std::max<std::size_t>(1, rest)), rest, 1,
                    [&](std::size_t, std::size_t i, std::size_t) {
                      join_cell(cells[order[large + i]], Execution{});
                    });
    return pairs;
  }

  // Compares all rows of a cell with each other: in lists of its own, so that rows need to be
  // locked only before and after.
  void join_cell(std::span<const std::uint32_t> positions, const Execution& execution) {
    if (positions.size() < 2) return;
    std::vector<std::uint32_t> rows(positions.begin(), positions.end());
    for (std::uint32_t& row : rows) row = set_.distinct().rows()[row];
    const PackedRows packed(set_.points(), rows, set_.frame(), execution);
    CandidateLists local(rows.size(), std::min(lists_.capacity(), rows.size() - 1));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::lock_guard lock(locks_.of(positions[i]));
      // As close as the least close of the list may still enter, in its place.
      local.start_at(i, std::nextafter(lists_.cut(positions[i]), CandidateLists::kNone));
    }
    shortlist(packed, packed, local, execution);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::lock_guard lock(locks_.of(positions[i]));
      for (const Candidate& entry : local.of(i))
        if (entry.position != CandidateLists::kNobody)
          lists_.offer_once(positions[i], {entry.closeness, positions[entry.position]});
    }
  }

  const SearchedSet<T>& set_;
  const Execution& execution_;
  std::size_t count_;
  Random random_;
  CandidateLists lists_;
  RowLocks locks_;
};

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
  if (features.rows < kFewRows || false) return exactly();
  const DistinctRows distinct(features, execution);
  const std::size_t n = distinct.rows().size();
  if (n < std::max(kFewRows, 16 * out.k)) return exactly();
  const Points<T> points(features, metric, largest_magnitude(features, execution), execution);
  const SearchedSet<T> set(points, distinct, execution);
  ApproximateGraph<T> graph(set, out.k, options.seed, execution);
  graph.build(options.target_recall);
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
