// Which examples have a wrong label.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cupel/count.hpp"
#include "cupel/execution.hpp"
#include "cupel/latent.hpp"
#include "cupel/views.hpp"

namespace cupel {

enum class FilterBy : std::uint8_t {
  kPruneByNoiseRate,
  kPruneByClass,
  kBoth,
  kConfidentLearning,
  kPredictedNeqGiven,
  kLowNormalizedMargin,
  kLowSelfConfidence,
};

struct FilterOptions {
  FilterBy filter_by = FilterBy::kPruneByNoiseRate;
  Collision collision = Collision::kArgmax;
  PruneOptions prune;
  // Used instead of the calibrated confident joint of the data, if given. [given, true].
  std::optional<SquareMatrix<double>> confident_joint;
};

// mask[i] = 1 where label i is likely wrong, by cleanlab 2.9.0's rules with one difference: equal
// margins at a cut go to the lower row. Returns the number of examples of each given class (none
// for kPredictedNeqGiven, which does not count).
//
// Passes over the matrix: one gather of the given labels' probabilities, one full pass, and for the
// prune methods one over the rows whose prediction differs from their label (over more rows for the
// few pairs of classes where that is not enough to decide). Extra memory: the counts, and for the
// prune methods at most two entries (a margin and a row number) per example to prune.
// Requires mask.size() == probs.rows == labels.size. Throws InvalidLabel or InvalidProbability.
template <typename T>
std::vector<std::int64_t> find_label_issues(MatrixView<T> probs, const LabelsView& labels,
                                            const FilterOptions& options,
                                            const Execution& execution,
                                            std::span<std::uint8_t> mask);

// The last step of the prune methods: reduces a mask of candidates (1 where the argmax is another
// class, as bit 1 of ConfidentJointAccumulator's flags says) to the examples that `counts`, as from
// prune_counts, say to prune. Threaded; a pass over the candidates' rows.
template <typename T>
void prune_candidates(MatrixView<T> probs, const LabelsView& labels,
                      std::span<const std::int64_t> label_counts,
                      const SquareMatrix<std::int64_t>& counts, const FilterOptions& options,
                      const Execution& execution, std::span<std::uint8_t> mask);

}  // namespace cupel
