// The rows of a matrix grouped by given class, those that may be flagged first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/blocks.hpp"

namespace cupel {

// Row numbers by class: in each class first the candidates (mask 1), then the others, each in
// ascending order. O(rows) time, one `Index` per row.
template <typename Index>
class ClassOrder {
 public:
  ClassOrder(const LabelsView& labels, std::span<const std::uint8_t> mask, std::size_t classes,
             const Execution& execution)
      : classes_(classes), rows_(labels.size), begin_(2 * classes + 1) {
    // Fixed shards, filled in order: the result does not depend on the number of workers.
    const std::size_t workers =
        worker_count(execution, labels.size / kMaxBlockRows + 1, labels.size * kCostPerRow);
    const std::size_t shard_rows = (labels.size + workers - 1) / workers;
    std::vector<std::vector<std::size_t>> next(workers, std::vector<std::size_t>(2 * classes));
    const auto for_each_row = [&](std::size_t begin, std::size_t end, const auto& visit) {
      for (std::size_t block = begin; block < end; block += kMaxBlockRows) {
        const std::size_t stop = std::min(end, block + kMaxBlockRows);
        const CheckedLabels given(labels, block, stop, classes);
        for (std::size_t i = block; i < stop; ++i)
          visit(i, 2 * static_cast<std::size_t>(given.data()[i - block]) + (mask[i] != 0 ? 0 : 1));
      }
    };
    parallel_blocks(execution, workers, labels.size, shard_rows,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      std::vector<std::size_t>& counts = next[begin / shard_rows];
                      for_each_row(begin, end, [&](std::size_t, std::size_t g) { ++counts[g]; });
                    });
    std::vector<std::vector<std::size_t>> limit = next;
    std::size_t position = 0;
    for (std::size_t group = 0; group < 2 * classes; ++group) {
      begin_[group] = position;
      for (std::size_t shard = 0; shard < workers; ++shard) {
        const std::size_t count = next[shard][group];
        next[shard][group] = position;
        position += count;
        limit[shard][group] = position;
      }
    }
    begin_[2 * classes] = position;
    parallel_blocks(execution, workers, labels.size, shard_rows,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      std::vector<std::size_t>& to = next[begin / shard_rows];
                      const std::vector<std::size_t>& end_of = limit[begin / shard_rows];
                      for_each_row(begin, end, [&](std::size_t i, std::size_t g) {
                        if (to[g] == end_of[g])
                          throw std::invalid_argument("labels changed during the call");
                        rows_[to[g]++] = static_cast<Index>(i);
                      });
                    });
  }

  [[nodiscard]] std::span<const Index> rows_of_class(std::size_t k) const {
    return std::span(rows_).subspan(begin_[2 * k], begin_[2 * k + 2] - begin_[2 * k]);
  }
  [[nodiscard]] std::size_t candidates_of_class(std::size_t k) const {
    return begin_[2 * k + 1] - begin_[2 * k];
  }

 private:
  static constexpr std::size_t kCostPerRow = 32;  // in bytes of memory traffic, roughly

  std::size_t classes_;
  std::vector<Index> rows_;
  std::vector<std::size_t> begin_;
};

}  // namespace cupel
