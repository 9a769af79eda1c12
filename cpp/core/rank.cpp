#include "cupel/rank.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "core/block_scorer.hpp"
#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/exact_sum.hpp"
#include "core/radix.hpp"
#include "core/scalar.hpp"

namespace cupel {
namespace {

constexpr double kLowestProbability = 1e-6;

template <typename T, typename Index>
void order_lowest(std::span<const T> scores, std::span<std::int64_t> order) {
  using Key = decltype(order_key(T{}));
  std::vector<Keyed<Key, Index>> items;
  if (order.size() == scores.size()) {
    items.resize(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i)
      items[i] = {order_key(scores[i]), static_cast<Index>(i)};
  } else {
    // Only what lies in or below the bucket of the last wanted key needs sorting.
    constexpr unsigned shift = sizeof(Key) * 8 - 16;
    std::vector<std::size_t> histogram(std::size_t{1} << 16);
    for (const T& score : scores) ++histogram[static_cast<std::size_t>(order_key(score) >> shift)];
    std::size_t bucket = 0;
    std::size_t below = histogram[0];
    while (below < order.size()) below += histogram[++bucket];
    items.reserve(below);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const Key key = order_key(scores[i]);
      if (static_cast<std::size_t>(key >> shift) <= bucket)
        items.push_back({key, static_cast<Index>(i)});
    }
  }
  radix_sort(items);
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<std::int64_t>(items[i].index);
}

}  // namespace

template <typename T>
bool scores_are_double(ScoreMethod method, const Thresholds* adjust) {
  return std::is_same_v<T, double> || method == ScoreMethod::kConfidenceWeightedEntropy ||
         (adjust != nullptr && !adjust->of_matrix_type);
}

template <typename T, typename Out>
void label_quality_scores(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                          const Thresholds* adjust, std::span<const std::int64_t> rows,
                          const Execution& execution, std::span<Out> out) {
  const BlockScorer<T, Out> score(method, adjust);
  const std::size_t row_bytes = probs.cols * sizeof(T);
  if (rows.empty()) {
    const RowPass pass(execution, probs.rows, row_bytes, row_bytes);
    for_each_block(execution, pass, probs, labels,
                   [&](std::size_t, const RowBlock<T>& block, std::size_t begin) {
                     score(block, begin, out.data() + begin);
                   });
    return;
  }
  const RowPass pass(execution, rows.size(), row_bytes, row_bytes);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const auto row = static_cast<std::size_t>(rows[i]);
                      std::int64_t given = 0;
                      labels.load(row, 1, &given);
                      if (given < 0 || static_cast<std::uint64_t>(given) >= probs.cols)
                        throw InvalidLabel(row, given, probs.cols);
                      score({rows_of(probs, row, row + 1), &given}, row, out.data() + i);
                    }
                  });
}

template <typename T>
void lowest_first(std::span<const T> scores, std::span<std::int64_t> order) {
  if (order.empty()) return;
  if (scores.size() <= std::numeric_limits<std::uint32_t>::max())
    order_lowest<T, std::uint32_t>(scores, order);
  else
    order_lowest<T, std::uint64_t>(scores, order);
}

template <typename T>
double log_loss(MatrixView<T> probs, const LabelsView& labels, const Execution& execution) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  const auto log = active_kernels().log;
  constexpr double scale = 1.0 / 64.0;  // keeps terms within ExactSum's range; a power of 2, exact
  std::vector<ExactSum> shards(pass.workers);
  for_each_block(
      execution, pass, probs, labels,
      [&](std::size_t worker, const RowBlock<T>& block, std::size_t begin) {
        const std::size_t bad = first_invalid_row(block.probs, kProbabilityTolerance);
        if (bad < block.probs.rows) throw_invalid_row(block.probs, bad, begin);
        for (std::size_t i = 0; i < block.probs.rows; ++i) {
          const T* row = block.probs.row(i);
          double sum = 0.0;
          for (std::size_t j = 0; j < probs.cols; ++j)
            sum += std::max(static_cast<double>(to_compute(row[j])), kLowestProbability);
          const double own = std::max(static_cast<double>(to_compute(row[block.given[i]])),
                                      kLowestProbability);
          shards[worker].add(-log(own / sum) * scale);
        }
      });
  ExactSum total;
  for (const ExactSum& shard : shards) total.merge(shard);
  return total.value() / scale / static_cast<double>(std::max<std::size_t>(1, probs.rows));
}

#define CUPEL_INSTANTIATE_SCORES(T, Out)                                                    \
  template void label_quality_scores(MatrixView<T>, const LabelsView&, ScoreMethod,         \
                                     const Thresholds*, std::span<const std::int64_t>,      \
                                     const Execution&, std::span<Out>);
#define CUPEL_INSTANTIATE(T)                                                                \
  template bool scores_are_double<T>(ScoreMethod, const Thresholds*);                       \
  template void lowest_first(std::span<const T>, std::span<std::int64_t>);                  \
  template double log_loss(MatrixView<T>, const LabelsView&, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
CUPEL_INSTANTIATE_SCORES(Half, Half)
CUPEL_INSTANTIATE_SCORES(Half, double)
CUPEL_INSTANTIATE_SCORES(float, float)
CUPEL_INSTANTIATE_SCORES(float, double)
CUPEL_INSTANTIATE_SCORES(double, double)
#undef CUPEL_INSTANTIATE
#undef CUPEL_INSTANTIATE_SCORES

}  // namespace cupel
