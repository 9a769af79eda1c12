#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/datalab/edges.hpp"
#include "core/union_find.hpp"
#include "cupel/datalab.hpp"

namespace cupel {
namespace {

// The edges for which keep(distance) is true: those of row i are ends[begins[i]] to
// ends[begins[i + 1] - 1]. Copied and checked.
struct Edges {
  std::vector<std::size_t> begins{0};
  std::vector<std::size_t> ends;

  template <typename Keep>
  Edges(const DistancesView& graph, const Keep& keep) {
    const auto& [indices, rows, k, stride] = graph.neighbors;
    begins.reserve(rows + 1);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < k; ++j)
        if (keep(graph.distances[i * stride + j]))
          ends.push_back(checked_neighbor(indices[i * stride + j], i, j, rows));
      begins.push_back(ends.size());
    }
  }
  [[nodiscard]] std::span<const std::size_t> of(std::size_t row) const {
    return std::span(ends).subspan(begins[row], begins[row + 1] - begins[row]);
  }
  [[nodiscard]] bool has(std::size_t from, std::size_t to) const {
    const auto row = of(from);
    return std::find(row.begin(), row.end(), to) != row.end();
  }
  [[nodiscard]] std::size_t rows() const { return begins.size() - 1; }
};

}  // namespace

void density_clusters(const DistancesView& graph, double radius, std::size_t min_samples,
                      std::span<std::int64_t> cluster) {
  const Edges near(graph, [radius](double distance) { return distance <= radius; });
  const auto is_dense = [&](std::size_t row) { return near.of(row).size() + 1 >= min_samples; };
  std::fill(cluster.begin(), cluster.end(), std::int64_t{-1});
  std::int64_t number = 0;
  std::vector<std::size_t> reached;
  for (std::size_t start = 0; start < near.rows(); ++start) {
    if (cluster[start] != -1 || !is_dense(start)) continue;
    cluster[start] = number;
    reached.assign(1, start);
    while (!reached.empty()) {
      const std::size_t row = reached.back();
      reached.pop_back();
      if (!is_dense(row)) continue;
      for (const std::size_t other : near.of(row))
        if (cluster[other] == -1) {
          cluster[other] = number;
          reached.push_back(other);
        }
    }
    ++number;
  }
}

NearSets near_sets(const DistancesView& graph, double bound) {
  const Edges own(graph, [bound](double distance) { return distance < bound; });
  const std::size_t n = own.rows();
  NearSets sets{std::vector<std::size_t>(n + 1), {}};
  const auto for_each_one_way = [&](const auto& call) {
    for (std::size_t i = 0; i < n; ++i)
      for (const std::size_t j : own.of(i))
        if (!own.has(j, i)) call(i, j);
  };
  for (std::size_t i = 0; i < n; ++i) sets.begins[i + 1] = own.of(i).size();
  for_each_one_way([&](std::size_t, std::size_t j) { ++sets.begins[j + 1]; });
  for (std::size_t i = 0; i < n; ++i) sets.begins[i + 1] += sets.begins[i];
  sets.members.resize(sets.begins[n]);
  std::vector<std::size_t> next(n);
  for (std::size_t i = 0; i < n; ++i) {
    next[i] = sets.begins[i];
    for (const std::size_t j : own.of(i)) sets.members[next[i]++] = static_cast<std::int64_t>(j);
  }
  for_each_one_way([&](std::size_t i, std::size_t j) {
    sets.members[next[j]++] = static_cast<std::int64_t>(i);
  });
  return sets;
}

void near_groups(const NearSets& sets, std::span<std::int64_t> group) {
  const std::size_t n = sets.begins.size() - 1;
  UnionFind rows(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t m = sets.begins[i]; m < sets.begins[i + 1]; ++m)
      rows.unite(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(sets.members[m]));
  std::int64_t number = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t low = rows.find(static_cast<std::uint32_t>(i));
    if (low < i)
      group[i] = group[low];
    else  // the lowest of its group, or alone
      group[i] = sets.begins[i + 1] > sets.begins[i] ? number++ : -1;
  }
}

}  // namespace cupel
