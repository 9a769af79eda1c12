#include "core/neighbors/identical.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/neighbors/points.hpp"

namespace cupel {
namespace {

struct HashedRow {
  std::uint64_t hash;
  std::uint32_t row;
};

template <typename T>
std::uint64_t bits_of(T value) {
  const auto wide = static_cast<double>(to_compute(value)) + 0.0;  // -0.0 becomes 0.0
  std::uint64_t bits;
  std::memcpy(&bits, &wide, sizeof bits);
  return bits;
}

// Multiply and fold; two lanes hide the multiplication's latency.
template <typename T>
std::uint64_t hash_row(const T* row, std::size_t cols) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::uint64_t even_lane = odd;
  std::uint64_t odd_lane = ~odd;
  const auto mix = [](std::uint64_t h, std::uint64_t x) {
    h = (h ^ x) * odd;
    return h ^ h >> 32;
  };
  std::size_t j = 0;
  for (; j + 2 <= cols; j += 2) {
    even_lane = mix(even_lane, bits_of(row[j]));
    odd_lane = mix(odd_lane, bits_of(row[j + 1]));
  }
  if (j < cols) even_lane = mix(even_lane, bits_of(row[j]));
  return mix(even_lane, odd_lane);
}

template <typename T>
bool equal_rows(const T* a, const T* b, std::size_t cols) {
  for (std::size_t j = 0; j < cols; ++j)
    if (to_compute(a[j]) != to_compute(b[j])) return false;
  return true;
}

template <typename T>
std::vector<HashedRow> hashed(MatrixView<T> features, const Execution& execution) {
  std::vector<HashedRow> rows(features.rows);
  const RowPass pass = pass_over(features, execution);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i)
                      rows[i] = {hash_row(features.row(i), features.cols),
                                 static_cast<std::uint32_t>(i)};
                  });
  std::sort(rows.begin(), rows.end(), [](const HashedRow& a, const HashedRow& b) {
    return std::pair(a.hash, a.row) < std::pair(b.hash, b.row);
  });
  return rows;
}

// Gives each row of a run of equal hashes the lowest row equal to it. Distinct rows of one hash are
// rare; the few leaders are searched in order.
template <typename T>
void group_run(MatrixView<T> features, std::span<const HashedRow> run,
               std::span<std::int64_t> group) {
  std::vector<std::uint32_t> leaders;
  for (const HashedRow& member : run) {
    const auto same = std::find_if(leaders.begin(), leaders.end(), [&](std::uint32_t leader) {
      return equal_rows(features.row(member.row), features.row(leader), features.cols);
    });
    group[member.row] = same == leaders.end() ? member.row : *same;
    if (same == leaders.end()) leaders.push_back(member.row);
  }
}

}  // namespace

template <typename T>
void identical_rows(MatrixView<T> features, const Execution& execution,
                    std::span<std::int64_t> group) {
  const std::vector<HashedRow> rows = hashed(features, execution);
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && rows[end].hash == rows[begin].hash) ++end;
    if (end == begin + 1)
      group[rows[begin].row] = rows[begin].row;
    else
      group_run(features, std::span(rows).subspan(begin, end - begin), group);
    begin = end;
  }
}

template <typename T>
DistinctRows::DistinctRows(MatrixView<T> features, const Execution& execution)
    : members_(features.rows) {
  std::vector<std::int64_t> group(features.rows);
  identical_rows(features, execution, std::span(group));
  for (std::size_t i = 0; i < group.size(); ++i)
    if (group[i] == static_cast<std::int64_t>(i))
      representatives_.push_back(static_cast<std::uint32_t>(i));
  // A counting sort of the rows by group keeps them in ascending order.
  std::vector<std::uint32_t>& number = members_;  // of a representative's group, until it is filled
  for (std::size_t g = 0; g < representatives_.size(); ++g)
    number[representatives_[g]] = static_cast<std::uint32_t>(g);
  begins_.assign(representatives_.size() + 1, 0);
  for (std::int64_t& leader : group) {
    leader = number[static_cast<std::size_t>(leader)];
    ++begins_[static_cast<std::size_t>(leader) + 1];
  }
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
  for (std::size_t i = 0; i < group.size(); ++i)
    members_[next[static_cast<std::size_t>(group[i])]++] = static_cast<std::uint32_t>(i);
}

#define CUPEL_INSTANTIATE(T)                                                              \
  template void identical_rows(MatrixView<T>, const Execution&, std::span<std::int64_t>); \
  template DistinctRows::DistinctRows(MatrixView<T>, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
