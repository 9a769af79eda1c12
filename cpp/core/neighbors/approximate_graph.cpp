#include "core/neighbors/approximate_graph.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cupel {
namespace {

constexpr std::size_t kOverlap = 2;         // cells per row and round
constexpr std::size_t kSteeringRows = 256;  // that say when to stop
constexpr std::size_t kSampleRows = 1000;   // that say how good the result is
constexpr std::size_t kLargeCell = 4096;    // rows; from here on all threads work on one cell

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

template <typename T>
ApproximateGraph<T>::ApproximateGraph(const SearchedSet<T>& set, std::size_t count,
                                      std::uint64_t seed, const Execution& execution)
    : set_(set),
      execution_(execution),
      count_(count),
      random_(seed),
      lists_(set.size(), shortlist_size(count, set.size() - 1)) {}

template <typename T>
bool ApproximateGraph<T>::build(double target) {
  const std::vector<std::uint32_t> positions = sample(kSteeringRows);
  const std::vector<std::vector<Near>> exact = search_exactly(positions);
  const double all_pairs = static_cast<double>(set_.size()) * static_cast<double>(set_.size()) / 2;
  double recall = 0.0;
  for (double pairs = 0.0; recall < target && pairs < all_pairs / 4;) {
    pairs += meet();
    recall = mean_of(recalls(positions, exact));
    if (execution_.progress) execution_.progress(std::min(1.0, recall / target) * 0.75);
  }
  return recall >= target;
}

template <typename T>
Recall ApproximateGraph<T>::measure() {
  const std::vector<std::uint32_t> positions = sample(kSampleRows);
  const std::vector<double> shares = recalls(positions, search_exactly(positions));
  const double n = static_cast<double>(shares.size());
  const double z2 = 1.959964 * 1.959964;
  const double mean = mean_of(shares);
  const double centre = (mean + z2 / (2 * n)) / (1 + z2 / n);
  const double half = std::sqrt(z2 * (mean * (1 - mean) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return {mean, std::max(0.0, centre - half), std::min(1.0, centre + half), shares.size(), 0};
}

template <typename T>
std::vector<std::vector<Near>> ApproximateGraph<T>::search_exactly(
    std::span<const std::uint32_t> positions) const {
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

template <typename T>
std::vector<std::uint32_t> ApproximateGraph<T>::sample(std::size_t rows) {
  return spread_sample(set_.size(), std::min(rows, set_.size()), random_);
}

template <typename T>
std::vector<double> ApproximateGraph<T>::recalls(
    std::span<const std::uint32_t> positions, const std::vector<std::vector<Near>>& exact) const {
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

template <typename T>
double ApproximateGraph<T>::meet() {
  const auto leaders = static_cast<std::size_t>(1.5 * std::sqrt(static_cast<double>(set_.size())));
  const Execution quiet{execution_.threads, execution_.interrupted};
  const Cells cells = cells_around_leaders(set_, leaders, kOverlap, random_, quiet);
  std::vector<std::size_t> order(cells.size());  // largest first, so that none is left to the end
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return cells[a].size() > cells[b].size(); });
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

// In lists of its own, so that rows need to be locked only before and after.
template <typename T>
void ApproximateGraph<T>::join_cell(std::span<const std::uint32_t> positions,
                                    const Execution& execution) {
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

template class ApproximateGraph<Half>;
template class ApproximateGraph<float>;
template class ApproximateGraph<double>;

}  // namespace cupel
