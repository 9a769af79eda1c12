#include "cupel/filter.hpp"

#include <algorithm>
#include <limits>

#include "core/blocks.hpp"
#include "core/class_order.hpp"
#include "core/class_pruner.hpp"
#include "cupel/rank.hpp"

namespace cupel {
namespace {

// What the passes over the data leave behind.
struct Counted {
  std::vector<std::int64_t> label_counts;
  SquareMatrix<std::int64_t> joint;  // raw, with cleanlab's diagonal
};

template <typename T>
Counted count(MatrixView<T> probs, const LabelsView& labels, Collision collision,
              const Execution& execution, std::span<std::uint8_t> flags) {
  ThresholdAccumulator sums(probs.cols);
  sums.update(probs, labels, execution);
  ConfidentJointAccumulator joint(sums.finish<T>(), collision);
  joint.update(probs, labels, execution, flags);
  Counted counted{sums.label_counts(), SquareMatrix<std::int64_t>(probs.cols)};
  std::copy(joint.counts().begin(), joint.counts().end(), counted.joint.values.begin());
  raise_diagonal(counted.joint);
  return counted;
}

void keep_flags(std::span<std::uint8_t> flags, std::uint8_t wanted) {
  for (std::uint8_t& flag : flags) flag = (flag & wanted) == wanted ? 1 : 0;
}

SquareMatrix<double> as_double(const SquareMatrix<std::int64_t>& joint) {
  SquareMatrix<double> out(joint.size);
  std::copy(joint.values.begin(), joint.values.end(), out.values.begin());
  return out;
}

template <typename T, typename Index>
void prune(MatrixView<T> probs, const LabelsView& labels,
           std::span<const std::int64_t> label_counts, const FilterOptions& options,
           const Execution& execution, std::span<std::uint8_t> mask,
           const SquareMatrix<std::int64_t>& counts) {
  const ClassOrder<Index> order(labels, mask, probs.cols, execution);
  const std::size_t row_bytes = probs.cols * sizeof(T);
  const std::size_t workers = worker_count(execution, probs.cols, probs.rows * row_bytes);
  std::vector<ClassPruner<T, Index>> pruners(workers, ClassPruner<T, Index>(probs, counts));
  // A class of one is never flagged, whatever min_examples_per_class says (as in cleanlab).
  const std::int64_t least = std::max<std::int64_t>(1, options.prune.min_examples_per_class);
  parallel_blocks(execution, workers, probs.cols, 1, [&](std::size_t w, std::size_t k, std::size_t) {
    const std::span<const Index> rows = order.rows_of_class(k);
    const std::size_t candidates = order.candidates_of_class(k);
    std::vector<std::uint8_t> selected(candidates, label_counts[k] > least ? 1 : 0);
    std::vector<std::uint8_t> also;
    if (candidates > 0 && label_counts[k] > least) {
      if (options.filter_by != FilterBy::kPruneByClass)
        pruners[w].by_noise_rate(k, rows, candidates, selected);
      if (options.filter_by != FilterBy::kPruneByNoiseRate) {
        pruners[w].by_class(k, rows, candidates, also);
        if (options.filter_by == FilterBy::kPruneByClass) selected.swap(also);
        else
          for (std::size_t c = 0; c < candidates; ++c) selected[c] &= also[c];
      }
    }
    for (std::size_t c = 0; c < candidates; ++c) mask[static_cast<std::size_t>(rows[c])] = selected[c];
  });
}

// Flags the `number` lowest scores; mask is overwritten.
template <typename T>
void flag_lowest(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                 std::size_t number, const Execution& execution, std::span<std::uint8_t> mask) {
  std::vector<T> scores(probs.rows);
  label_quality_scores<T, T>(probs, labels, method, nullptr, {}, execution, scores);
  std::vector<std::int64_t> order(number);
  lowest_first<T>(scores, order);
  std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  for (const std::int64_t row : order) mask[static_cast<std::size_t>(row)] = 1;
}

}  // namespace

template <typename T>
std::vector<std::int64_t> find_label_issues(MatrixView<T> probs, const LabelsView& labels,
                                            const FilterOptions& options,
                                            const Execution& execution,
                                            std::span<std::uint8_t> mask) {
  Counted counted = count(probs, labels, options.collision, execution, mask);
  switch (options.filter_by) {
    case FilterBy::kPredictedNeqGiven:
      keep_flags(mask, kFlagPredictedOther);
      break;
    case FilterBy::kConfidentLearning:
      keep_flags(mask, kFlagPredictedOther | kFlagOffDiagonal);
      break;
    case FilterBy::kLowNormalizedMargin:
    case FilterBy::kLowSelfConfidence: {
      constexpr std::uint8_t both = kFlagPredictedOther | kFlagOffDiagonal;
      const auto number = static_cast<std::size_t>(
          std::count_if(mask.begin(), mask.end(), [](std::uint8_t f) { return (f & both) == both; }));
      flag_lowest(probs, labels,
                  options.filter_by == FilterBy::kLowSelfConfidence ? ScoreMethod::kSelfConfidence
                                                                    : ScoreMethod::kNormalizedMargin,
                  number, execution, mask);
      break;
    }
    case FilterBy::kPruneByNoiseRate:
    case FilterBy::kPruneByClass:
    case FilterBy::kBoth: {
      keep_flags(mask, kFlagPredictedOther);
      const SquareMatrix<double> joint =
          options.confident_joint
              ? *options.confident_joint
              : as_double(calibrate_confident_joint(as_double(counted.joint), counted.label_counts));
      const SquareMatrix<std::int64_t> counts =
          prune_counts(joint, counted.label_counts, options.prune);
      if (probs.rows <= std::numeric_limits<std::uint32_t>::max())
        prune<T, std::uint32_t>(probs, labels, counted.label_counts, options, execution, mask, counts);
      else
        prune<T, std::uint64_t>(probs, labels, counted.label_counts, options, execution, mask, counts);
      break;
    }
  }
  return counted.label_counts;
}

#define CUPEL_INSTANTIATE(T)                                                                   \
  template std::vector<std::int64_t> find_label_issues(MatrixView<T>, const LabelsView&,       \
                                                       const FilterOptions&, const Execution&, \
                                                       std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
