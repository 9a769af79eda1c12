#include "core/neighbors/partition.hpp"

#include <numeric>

namespace cupel {

std::vector<std::uint32_t> spread_sample(std::size_t n, std::size_t count, Random& random) {
  std::vector<std::uint32_t> sample(count);
  for (std::size_t s = 0; s < count; ++s) {
    const std::size_t begin = s * n / count;
    const std::size_t end = (s + 1) * n / count;
    sample[s] = static_cast<std::uint32_t>(begin + random.below(end - begin));
  }
  return sample;
}

template <typename T>
Cells cells_around_leaders(const SearchedSet<T>& set, std::size_t leaders, std::size_t overlap,
                           Random& random, const Execution& execution) {
  std::vector<std::uint32_t> rows = spread_sample(set.size(), leaders, random);
  for (std::uint32_t& row : rows) row = set.distinct().rows()[row];
  const PackedRows packed(set.points(), rows, set.frame(), execution);
  CandidateLists nearest(set.size(), overlap);
  shortlist(set.packed(), packed, nearest, execution);

  Cells cells;
  cells.begins.assign(leaders + 1, 0);
  const auto for_each_membership = [&](const auto& body) {
    for (std::size_t i = 0; i < set.size(); ++i)
      for (const Candidate& leader : nearest.of(i))
        if (leader.position != CandidateLists::kNobody) body(i, leader.position);
  };
  for_each_membership([&](std::size_t, std::size_t cell) { ++cells.begins[cell + 1]; });
  std::partial_sum(cells.begins.begin(), cells.begins.end(), cells.begins.begin());
  cells.positions.resize(cells.begins.back());
  std::vector<std::size_t> next(cells.begins.begin(), cells.begins.end() - 1);
  for_each_membership([&](std::size_t i, std::size_t cell) {
    cells.positions[next[cell]++] = static_cast<std::uint32_t>(i);
  });
  return cells;
}

#define CUPEL_INSTANTIATE(T)                                                                    \
  template Cells cells_around_leaders(const SearchedSet<T>&, std::size_t, std::size_t, Random&, \
                                      const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
