#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/multiannotator/tally.hpp"

namespace cupel {
namespace {

constexpr double kMostClasses = 0x1p24;  // counts per class must fit into memory

[[noreturn]] void refuse(double value, std::size_t row, std::size_t annotator) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  throw std::invalid_argument("labels_multiannotator[" + std::to_string(row) + ", " +
                              std::to_string(annotator) + "] is " + std::string(text, end) +
                              ", expected a class, a whole number in [0, 2^24), or nan where the "
                              "annotator gave no label");
}

void require_32_bits(std::size_t n) {
  if (n >= std::numeric_limits<std::uint32_t>::max())
    throw std::invalid_argument(
        "labels_multiannotator must have fewer than 2^32 - 1 rows and "
        "columns");
}

// The labels of rows [begin, end), and how many each row has. Most cells are nan, in no pattern a
// processor could predict: they are passed over without a branch.
void read_rows(const WideLabels& labels, std::size_t begin, std::size_t end,
               std::vector<Mark>& marks, std::size_t* counts) {
  struct Cell {
    double value;
    std::size_t annotator;
  };
  std::vector<Cell> cells(labels.cols);
  for (std::size_t i = begin; i < end; ++i) {
    const double* from = labels.data + static_cast<std::ptrdiff_t>(i) * labels.row_stride;
    std::size_t given = 0;
    for (std::size_t j = 0; j < labels.cols; ++j) {
      const double value = from[static_cast<std::ptrdiff_t>(j) * labels.col_stride];
      cells[given] = {value, j};
      given += std::isnan(value) ? 0 : 1;
    }
    for (std::size_t n = 0; n < given; ++n) {
      const auto [value, annotator] = cells[n];
      if (!(value >= 0.0 && value < kMostClasses)) refuse(value, i, annotator);
      const auto label = static_cast<std::uint32_t>(value);
      if (static_cast<double>(label) != value) refuse(value, i, annotator);
      marks.push_back({static_cast<std::uint32_t>(annotator), label});
    }
    counts[i - begin] = given;
  }
}

void make_offsets(std::vector<std::size_t>& counts_after_zero) {
  for (std::size_t i = 1; i < counts_after_zero.size(); ++i)
    counts_after_zero[i] += counts_after_zero[i - 1];
}

}  // namespace

Annotations::Annotations(const WideLabels& labels, const Execution& execution)
    : row_begin_(labels.rows + 1), annotator_begin_(labels.cols + 1) {
  require_32_bits(labels.rows);
  require_32_bits(labels.cols);
  std::vector<std::vector<Mark>> parts(example_blocks(labels.rows));
  const std::size_t workers = example_workers(execution, labels.rows, labels.cols * sizeof(double));
  parallel_blocks(execution, workers, labels.rows, kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    read_rows(labels, begin, end, parts[begin / kExamplesPerBlock],
                              row_begin_.data() + 1 + begin);
                  });
  make_offsets(row_begin_);
  by_row_.reserve(row_begin_.back());
  for (std::vector<Mark>& part : parts) {
    by_row_.insert(by_row_.end(), part.begin(), part.end());
    part = {};
  }
  std::uint32_t largest = 0;
  for (const Mark& mark : by_row_) {
    ++annotator_begin_[mark.of + 1];
    largest = std::max(largest, mark.label);
  }
  make_offsets(annotator_begin_);
  class_totals_.resize(by_row_.empty() ? 0 : std::size_t{largest} + 1);
  by_annotator_.resize(by_row_.size());
  std::vector<std::size_t> next(annotator_begin_.begin(), annotator_begin_.end() - 1);
  parallel_blocks(execution, 1, labels.rows, kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i)
                      for (const Mark& mark : of_row(i)) {
                        ++class_totals_[mark.label];
                        by_annotator_[next[mark.of]++] = {static_cast<std::uint32_t>(i),
                                                          mark.label};
                      }
                  });
}

}  // namespace cupel
