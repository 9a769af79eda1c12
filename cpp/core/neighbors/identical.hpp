// Rows that are equal, so that a join looks at each of them once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/neighbors.hpp"

namespace cupel {

// The distinct rows of a matrix and who is equal to them.
class DistinctRows {
 public:
  // O(rows * cols) plus sorting of hashes.
  template <typename T>
  DistinctRows(MatrixView<T> features, const Execution& execution);

  // Rows that stand for their group: the lowest of each, ascending.
  [[nodiscard]] std::span<const std::uint32_t> rows() const { return representatives_; }

  // All rows equal to the g-th representative, itself included, ascending.
  [[nodiscard]] std::span<const std::uint32_t> members(std::size_t g) const {
    return {members_.data() + begins_[g], begins_[g + 1] - begins_[g]};
  }

  [[nodiscard]] bool all_distinct() const { return representatives_.size() == members_.size(); }

 private:
  std::vector<std::uint32_t> representatives_;
  std::vector<std::uint32_t> members_;
  std::vector<std::size_t> begins_;
};

}  // namespace cupel
