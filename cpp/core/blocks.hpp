// Passes over the rows of a matrix with their labels, in blocks that fit the cache.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/parallel.hpp"
#include "cupel/checks.hpp"
#include "kernels/kernels.hpp"

namespace cupel {

inline constexpr std::size_t kMaxBlockRows = 1024;

// Rows per block: about 512 KiB of the matrix.
inline std::size_t block_rows(std::size_t row_bytes) {
  return std::clamp<std::size_t>((512u << 10) / std::max<std::size_t>(1, row_bytes), 16,
                                 kMaxBlockRows);
}

template <typename T>
MatrixView<T> rows_of(const MatrixView<T>& probs, std::size_t begin, std::size_t end) {
  return {probs.row(begin), end - begin, probs.cols, probs.row_stride};
}

// A block's labels, copied and then range-checked, so that what was checked is what is used even if
// another thread writes to the caller's array. Row numbers in errors are counted from the array's
// start. Requires end - begin <= kMaxBlockRows.
class CheckedLabels {
 public:
  CheckedLabels(const LabelsView& labels, std::size_t begin, std::size_t end, std::size_t classes) {
    const std::size_t count = end - begin;
    labels.load(begin, count, given_.data());
    const auto is_bad = [&](std::int64_t label) {
      return static_cast<std::uint64_t>(label) >= classes;  // negative ones wrap around
    };
    bool any_bad = false;  // without an early exit, so that compilers vectorise the loop
    for (std::size_t i = 0; i < count; ++i) any_bad |= is_bad(given_[i]);
    if (!any_bad) return;
    std::size_t first = 0;
    while (!is_bad(given_[first])) ++first;
    throw InvalidLabel(begin + first, given_[first], classes);
  }
  [[nodiscard]] const std::int64_t* data() const { return given_.data(); }

 private:
  std::array<std::int64_t, kMaxBlockRows> given_;
};

// How a pass over all rows is split: blocks and workers.
struct RowPass {
  std::size_t rows;
  std::size_t grain;
  std::size_t workers;

  // `bytes_per_row`: what the pass touches of each row.
  RowPass(const Execution& execution, std::size_t n, std::size_t row_bytes,
          std::size_t bytes_per_row)
      : rows(n),
        grain(block_rows(row_bytes)),
        workers(worker_count(execution, (n + grain - 1) / grain, n * bytes_per_row)) {}
};

// Calls body(worker, block, begin) for all rows; the block's labels are checked.
template <typename T, typename Body>
void for_each_block(const Execution& execution, const RowPass& pass, MatrixView<T> probs,
                    const LabelsView& labels, const Body& body) {
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    const CheckedLabels given(labels, begin, end, probs.cols);
                    body(worker, RowBlock<T>{rows_of(probs, begin, end), given.data()}, begin);
                  });
}

// Throws InvalidProbability for row `row` of `probs`, which a kernel found invalid; `first` is the
// number of the view's first row in the caller's matrix.
template <typename T>
[[noreturn]] void throw_invalid_row(const MatrixView<T>& probs, std::size_t row, std::size_t first,
                                    double tolerance = kProbabilityTolerance);

}  // namespace cupel
