#include "cupel/data_valuation.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/parallel.hpp"

namespace cupel {
namespace {

constexpr std::size_t kRowsPerBlock = 1024;

[[noreturn]] void throw_bad_index(std::size_t row, std::size_t position, std::int64_t index,
                                  std::size_t rows) {
  throw std::invalid_argument("knn_graph lists row " + std::to_string(index) + " as neighbour " +
                              std::to_string(position) + " of row " + std::to_string(row) +
                              ", expected a row in [0, " + std::to_string(rows) + ")");
}

// A row's neighbours, copied and then checked, so that what was checked is what is used.
template <typename Index>
void load(const NeighborsView<Index>& neighbors, std::size_t row, std::vector<std::size_t>& out) {
  const Index* from = neighbors.indices + row * neighbors.stride;
  for (std::size_t j = 0; j < out.size(); ++j) {
    const std::int64_t index = from[j];
    if (index < 0 || static_cast<std::size_t>(index) >= neighbors.rows)
      throw_bad_index(row, j, index, neighbors.rows);
    out[j] = static_cast<std::size_t>(index);
  }
}

// The members of every group of identical rows, in the order of rows.
class Groups {
 public:
  explicit Groups(std::span<const std::int64_t> lowest)
      : lowest_(lowest.size()), begins_(lowest.size() + 1), members_(lowest.size()) {
    for (std::size_t i = 0; i < lowest.size(); ++i) {
      if (lowest[i] < 0 || static_cast<std::size_t>(lowest[i]) > i)
        throw std::invalid_argument("lowest[" + std::to_string(i) + "] is no row up to it");
      lowest_[i] = static_cast<std::size_t>(lowest[i]);
      ++begins_[lowest_[i] + 1];
    }
    for (std::size_t i = 0; i < lowest_.size(); ++i) begins_[i + 1] += begins_[i];
    std::vector<std::size_t> ends(begins_.begin(), begins_.end() - 1);
    for (std::size_t i = 0; i < lowest_.size(); ++i) members_[ends[lowest_[i]]++] = i;
  }

  [[nodiscard]] std::span<const std::size_t> of(std::size_t row) const {
    const std::size_t begin = begins_[lowest_[row]];
    return {members_.data() + begin, begins_[lowest_[row] + 1] - begin};
  }
  [[nodiscard]] bool together(std::size_t a, std::int64_t b) const {
    return b >= 0 && static_cast<std::size_t>(b) < lowest_.size() &&
           lowest_[a] == lowest_[static_cast<std::size_t>(b)];
  }

 private:
  std::vector<std::size_t> lowest_, begins_, members_;
};

}  // namespace

template <typename Index>
void knn_shapley_sums(std::span<const std::int64_t> labels, const NeighborsView<Index>& neighbors,
                      const Execution& execution, std::span<std::int64_t> sums) {
  const std::size_t n = neighbors.rows;
  const std::size_t k = neighbors.k;
  const std::size_t blocks = (n + kRowsPerBlock - 1) / kRowsPerBlock;
  const std::size_t workers = worker_count(execution, blocks, n * k * sizeof(Index));
  std::vector<std::vector<std::int64_t>> of_worker(workers);
  parallel_blocks(execution, workers, n, kRowsPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    auto& own = of_worker[worker];
                    if (own.empty()) own.resize(n);
                    std::vector<std::size_t> row(k);
                    for (std::size_t a = begin; a < end; ++a) {
                      load(neighbors, a, row);
                      const std::int64_t last = labels[row[k - 1]] == labels[a] ? 1 : 0;
                      for (const std::size_t i : row)
                        own[i] += (labels[i] == labels[a] ? 1 : 0) - last;
                    }
                  });
  std::fill(sums.begin(), sums.end(), std::int64_t{0});
  for (const auto& own : of_worker)
    for (std::size_t i = 0; i < own.size(); ++i) sums[i] += own[i];
}

void put_identical_first(std::span<const std::int64_t> lowest, std::size_t k,
                         std::span<std::int64_t> neighbors) {
  const Groups groups(lowest);
  std::vector<std::int64_t> list;
  for (std::size_t a = 0; a < lowest.size(); ++a) {
    const std::span<const std::size_t> group = groups.of(a);
    if (group.size() == 1) continue;
    const std::span<std::int64_t> row = neighbors.subspan(a * k, k);
    list.clear();
    for (std::size_t i = 0; i < group.size() && list.size() < k; ++i)
      if (group[i] != a) list.push_back(static_cast<std::int64_t>(group[i]));
    for (std::size_t j = 0; j < k && list.size() < k; ++j)
      if (!groups.together(a, row[j])) list.push_back(row[j]);
    std::copy(list.begin(), list.end(), row.begin());
  }
}

template void knn_shapley_sums(std::span<const std::int64_t>, const NeighborsView<std::int32_t>&,
                               const Execution&, std::span<std::int64_t>);
template void knn_shapley_sums(std::span<const std::int64_t>, const NeighborsView<std::int64_t>&,
                               const Execution&, std::span<std::int64_t>);

}  // namespace cupel
