#include "cupel/posterior.hpp"

#include <array>
#include <stdexcept>
#include <string>

#include "core/blocks.hpp"
#include "core/exact_sum.hpp"
#include "core/posterior/judge.hpp"

namespace cupel {
namespace {

constexpr std::size_t kRows = 64;  // at a time, so that they stay in the nearest cache

TrueClassTables tables_of(const NoiseModel& model, std::size_t classes) {
  if (model.thresholds.size() != classes || model.noise_matrix.size != classes)
    throw std::invalid_argument("the noise model is for " +
                                std::to_string(model.thresholds.size()) + " classes, not " +
                                std::to_string(classes));
  return {model.thresholds, model.noise_matrix};
}

// Calls body(judge, begin, count) for groups of rows that `judge` has weighed.
template <typename T, typename Body>
void for_each_group(MatrixView<T> probs, const LabelsView& labels, const NoiseModel& model,
                    const Execution& execution, const Body& body) {
  const TrueClassTables tables = tables_of(model, probs.cols);
  const std::size_t row_bytes = probs.cols * sizeof(T);
  // Weighing a class costs about as much as reading so many bytes.
  const RowPass pass(execution, probs.rows, row_bytes, row_bytes + 32 * tables.width());
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t, const RowBlock<T>& block, std::size_t begin) {
                   const std::size_t bad = first_invalid_row(block.probs, kProbabilityTolerance);
                   if (bad < block.probs.rows) throw_invalid_row(block.probs, bad, begin);
                   Judge<kRows> judge(tables, model.temperature);
                   std::array<const T*, kRows> rows;
                   for (std::size_t from = 0; from < block.probs.rows; from += kRows) {
                     const std::size_t count = std::min(kRows, block.probs.rows - from);
                     for (std::size_t i = 0; i < count; ++i) rows[i] = block.probs.row(from + i);
                     judge.weigh(rows.data(), block.given + from, count);
                     body(judge, begin + from, count);
                   }
                 });
}

}  // namespace

template <typename T>
void label_posteriors(MatrixView<T> probs, const LabelsView& labels, const NoiseModel& model,
                      const Execution& execution, const LabelPosteriorsOut& out) {
  for_each_group(probs, labels, model, execution,
                 [&](Judge<kRows>& judge, std::size_t begin, std::size_t) {
                   judge.judge([&](std::size_t i, const LabelPosterior& row) {
                     out.scores[begin + i] = row.score;
                     out.error_probability[begin + i] = row.error_probability;
                     out.suggested_label[begin + i] = row.suggested_label;
                     out.suggested_probability[begin + i] = row.suggested_probability;
                   });
                 });
}

template <typename T>
void true_label_probs(MatrixView<T> probs, const LabelsView& labels, const NoiseModel& model,
                      const Execution& execution, std::span<double> out) {
  for_each_group(probs, labels, model, execution,
                 [&](const Judge<kRows>& judge, std::size_t begin, std::size_t count) {
                   for (std::size_t i = 0; i < count; ++i)
                     judge.write_probs(i, out.subspan((begin + i) * probs.cols, probs.cols));
                 });
}

ExpectedErrors expected_errors(std::span<const double> error_probability, const LabelsView& labels,
                               std::size_t classes, const Execution& execution) {
  std::vector<ExactSum> errors(classes);
  std::vector<ExactSum> variances(classes);
  parallel_blocks(execution, 1, error_probability.size(), kMaxBlockRows,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    const CheckedLabels given(labels, begin, end, classes);
                    for (std::size_t i = begin; i < end; ++i) {
                      const double wrong = error_probability[i];
                      const auto k = static_cast<std::size_t>(given.data()[i - begin]);
                      errors[k].add(wrong);
                      variances[k].add(wrong * (1.0 - wrong));
                    }
                  });
  ExpectedErrors out{std::vector<double>(classes), std::vector<double>(classes)};
  for (std::size_t k = 0; k < classes; ++k) {
    out.by_class[k] = errors[k].value();
    out.variance_by_class[k] = variances[k].value();
  }
  return out;
}

#define CUPEL_INSTANTIATE(T)                                                          \
  template void label_posteriors(MatrixView<T>, const LabelsView&, const NoiseModel&, \
                                 const Execution&, const LabelPosteriorsOut&);        \
  template void true_label_probs(MatrixView<T>, const LabelsView&, const NoiseModel&, \
                                 const Execution&, std::span<double>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
