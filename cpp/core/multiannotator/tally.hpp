// Counting the labels of one example at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "cupel/multiannotator.hpp"

namespace cupel {

// How often each class was given to an example. Memory: one number per class; O(labels) to count.
class Tally {
 public:
  explicit Tally(std::size_t classes) : counts_(classes, 0) {}

  void count(std::span<const Mark> labels) {
    for (const std::uint32_t k : given_) counts_[k] = 0;
    given_.clear();
    for (const Mark& mark : labels)
      if (counts_[mark.label]++ == 0) given_.push_back(mark.label);
    std::sort(given_.begin(), given_.end());
  }

  // The classes that were given, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& given() const { return given_; }
  [[nodiscard]] std::uint32_t operator[](std::size_t k) const { return counts_[k]; }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> given_;
};

// Blocks of examples; fixed, because sums of floats are made per block.
inline constexpr std::size_t kExamplesPerBlock = 1024;

inline std::size_t example_blocks(std::size_t rows) {
  return (rows + kExamplesPerBlock - 1) / kExamplesPerBlock;
}

// Workers for a pass over all examples that touches so many bytes of each.
inline std::size_t example_workers(const Execution& execution, std::size_t rows,
                                   std::size_t bytes_per_row) {
  return worker_count(execution, example_blocks(rows), rows * bytes_per_row);
}

// Workers for a pass over all labels.
inline std::size_t label_workers(const Execution& execution, const Annotations& annotations,
                                 std::size_t blocks) {
  return worker_count(execution, blocks, annotations.size() * 4 * sizeof(Mark));
}

}  // namespace cupel
