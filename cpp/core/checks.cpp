#include "cupel/checks.hpp"

#include <charconv>
#include <cmath>

#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/scalar.hpp"

namespace cupel {
namespace {

std::string shortest(double value) {
  if (std::isnan(value)) return "nan";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace

InvalidProbability::InvalidProbability(std::size_t row_, std::size_t column_, double value_)
    : std::invalid_argument("pred_probs[" + std::to_string(row_) + ", " + std::to_string(column_) +
                            "] is " + shortest(value_) +
                            ", expected a finite probability in [0, 1]"),
      row(row_),
      column(column_),
      value(value_) {}

InvalidLabel::InvalidLabel(std::size_t row_, std::int64_t label_, std::size_t classes_)
    : std::invalid_argument("labels[" + std::to_string(row_) + "] is " + std::to_string(label_) +
                            ", expected a class in [0, " + std::to_string(classes_) +
                            "), one per column of pred_probs"),
      row(row_),
      label(label_),
      classes(classes_) {}

template <typename T>
void throw_invalid_row(const MatrixView<T>& probs, std::size_t row, std::size_t first,
                       double tolerance) {
  const T* values = probs.row(row);
  for (std::size_t j = 0; j < probs.cols; ++j) {
    const auto value = static_cast<double>(to_compute(values[j]));
    if (!(value >= -tolerance && value <= 1.0 + tolerance))
      throw InvalidProbability(first + row, j, value);
  }
  throw std::invalid_argument("pred_probs changed during the call, in row " +
                              std::to_string(first + row));
}

template <typename T>
void check_probabilities(MatrixView<T> probs, const Execution& execution) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    const MatrixView<T> rows = rows_of(probs, begin, end);
                    const std::size_t bad = first_invalid_row(rows, kProbabilityTolerance);
                    if (bad < rows.rows) throw_invalid_row(rows, bad, begin);
                  });
}

template <typename T>
void finite_rows(MatrixView<T> probs, const Execution& execution, std::span<std::uint8_t> finite) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end;) {
                      const MatrixView<T> rest = rows_of(probs, i, end);
                      const std::size_t bad = first_invalid_row(rest, kProbabilityTolerance);
                      std::fill_n(finite.data() + i, bad, std::uint8_t{1});
                      i += bad;
                      if (i == end) break;
                      bool all_finite = true;
                      for (std::size_t j = 0; j < probs.cols; ++j)
                        all_finite &= std::isfinite(to_compute(probs.row(i)[j]));
                      if (all_finite) throw_invalid_row(rest, bad, i - bad);
                      finite[i++] = 0;
                    }
                  });
}

#define CUPEL_INSTANTIATE(T)                                                               \
  template void throw_invalid_row(const MatrixView<T>&, std::size_t, std::size_t, double); \
  template void check_probabilities(MatrixView<T>, const Execution&);                      \
  template void finite_rows(MatrixView<T>, const Execution&, std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
