#include "cupel/filter.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/blocks.hpp"
#include "core/pruner.hpp"
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
  Counted counted{sums.label_counts(), std::move(joint).finish()};
  raise_diagonal(counted.joint);
  return counted;
}

void keep_flags(std::span<std::uint8_t> flags, std::uint8_t wanted) {
  for (std::uint8_t& flag : flags) flag = (flag & wanted) == wanted ? 1 : 0;
}

// The prunable classes dealt out to `workers`, so that each gets about as many rows.
std::vector<std::vector<std::size_t>> deal_classes(std::span<const std::int64_t> label_counts,
                                                   std::int64_t least, std::size_t workers) {
  std::vector<std::size_t> by_size;
  for (std::size_t k = 0; k < label_counts.size(); ++k)
    if (label_counts[k] > least) by_size.push_back(k);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return label_counts[a] > label_counts[b]; });
  std::vector<std::vector<std::size_t>> dealt(workers);
  std::vector<std::int64_t> load(workers);
  for (const std::size_t k : by_size) {
    const auto w =
        static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    dealt[w].push_back(k);
    load[w] += label_counts[k];
  }
  return dealt;
}

// Reduces a mask of candidates to those that the counts say to prune.
template <typename T, typename Row>
void prune(MatrixView<T> probs, const LabelsView& labels,
           std::span<const std::int64_t> label_counts, const SquareMatrix<std::int64_t>& counts,
           const FilterOptions& options, const Execution& execution, std::span<std::uint8_t> mask) {
  const bool by_rate = options.filter_by != FilterBy::kPruneByClass;
  const bool by_class = options.filter_by != FilterBy::kPruneByNoiseRate;
  const std::size_t workers =
      worker_count(execution, probs.cols, probs.rows * probs.cols * sizeof(T));
  // A class of one is never flagged, whatever min_examples_per_class says (as in cleanlab).
  const std::int64_t least = std::max<std::int64_t>(1, options.prune.min_examples_per_class);
  const auto classes = deal_classes(label_counts, least, workers);
  std::vector<Pruner<T, Row>> pruners;
  for (const std::vector<std::size_t>& mine : classes)
    pruners.emplace_back(probs, labels, counts, label_counts, mine, mask);
  if (by_rate)
    parallel_workers(execution, workers, [&](std::size_t w, const Proceed& proceed) {
      pruners[w].read_margins(proceed);
    });
  parallel_workers(execution, workers, [&](std::size_t w, const Proceed& proceed) {
    if (by_rate) pruners[w].select_by_noise_rate(proceed);
    if (by_class) pruners[w].by_class(proceed);
  });
  keep_flags(mask, static_cast<std::uint8_t>(kCandidate | (by_rate ? kByNoiseRate : 0) |
                                             (by_class ? kByClass : 0)));
}

}  // namespace

template <typename T>
std::vector<std::int64_t> find_label_issues(MatrixView<T> probs, const LabelsView& labels,
                                            const FilterOptions& options,
                                            const Execution& execution,
                                            std::span<std::uint8_t> mask) {
  if (options.filter_by == FilterBy::kPredictedNeqGiven) {
    flag_predicted_other(probs, labels, execution, mask);
    keep_flags(mask, kFlagPredictedOther);
    return {};
  }
  Counted counted = count(probs, labels, options.collision, execution, mask);
  switch (options.filter_by) {
    case FilterBy::kPredictedNeqGiven:
      break;  // returned above: needs no counts
    case FilterBy::kConfidentLearning:
      keep_flags(mask, kFlagPredictedOther | kFlagOffDiagonal);
      break;
    case FilterBy::kLowNormalizedMargin:
    case FilterBy::kLowSelfConfidence: {
      keep_flags(mask, kFlagPredictedOther | kFlagOffDiagonal);
      const auto number = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), 1));
      std::vector<T> scores(probs.rows);
      const ScoreMethod method = options.filter_by == FilterBy::kLowSelfConfidence
                                     ? ScoreMethod::kSelfConfidence
                                     : ScoreMethod::kNormalizedMargin;
      label_quality_scores<T, T>(probs, labels, method, nullptr, execution, scores);
      flag_lowest<T>(scores, number, execution, mask);
      break;
    }
    case FilterBy::kPruneByNoiseRate:
    case FilterBy::kPruneByClass:
    case FilterBy::kBoth: {
      keep_flags(mask, kFlagPredictedOther);
      const SquareMatrix<std::int64_t> counts =
          options.confident_joint
              ? prune_counts(*options.confident_joint, counted.label_counts, options.prune)
              : prune_counts(
                    calibrate_confident_joint(std::move(counted.joint), counted.label_counts).joint,
                    counted.label_counts, options.prune);
      prune_candidates(probs, labels, counted.label_counts, counts, options, execution, mask);
      break;
    }
  }
  return counted.label_counts;
}

template <typename T>
void prune_candidates(MatrixView<T> probs, const LabelsView& labels,
                      std::span<const std::int64_t> label_counts,
                      const SquareMatrix<std::int64_t>& counts, const FilterOptions& options,
                      const Execution& execution, std::span<std::uint8_t> mask) {
  if (probs.rows <= std::numeric_limits<std::uint32_t>::max())
    prune<T, std::uint32_t>(probs, labels, label_counts, counts, options, execution, mask);
  else
    prune<T, std::uint64_t>(probs, labels, label_counts, counts, options, execution, mask);
}

#define CUPEL_INSTANTIATE(T)                                                                      \
  template std::vector<std::int64_t> find_label_issues(MatrixView<T>, const LabelsView&,          \
                                                       const FilterOptions&, const Execution&,    \
                                                       std::span<std::uint8_t>);                  \
  template void prune_candidates(MatrixView<T>, const LabelsView&, std::span<const std::int64_t>, \
                                 const SquareMatrix<std::int64_t>&, const FilterOptions&,         \
                                 const Execution&, std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
