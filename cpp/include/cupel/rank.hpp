// Label quality scores and the order in which to review examples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/count.hpp"
#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

enum class ScoreMethod : std::uint8_t {
  kSelfConfidence,
  kNormalizedMargin,
  kConfidenceWeightedEntropy
};

// Scores in T, except entropy and scores adjusted by thresholds that are not of the matrix's type:
// those are double. Lower is worse.
template <typename T>
bool scores_are_double(ScoreMethod method, const Thresholds* adjust);

// out[i] = the score of example i. `adjust`, or null: thresholds subtracted from the probabilities
// before scoring (not with entropy). Out is T or double, as scores_are_double says. Checks every
// value: throws InvalidLabel or InvalidProbability (entropy refuses anything outside [0, 1]).
// O(rows * classes), threaded.
template <typename T, typename Out>
void label_quality_scores(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                          const Thresholds* adjust, const Execution& execution, std::span<Out> out);

// The same for some rows: out[i] is the score of example rows[i]. Requires that their values have
// been checked by another pass (entropy still refuses anything outside [0, 1]), and valid rows.
template <typename T, typename Out>
void label_quality_scores_of_rows(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                                  const Thresholds* adjust, std::span<const std::int64_t> rows,
                                  const Execution& execution, std::span<Out> out);

// The order of the lowest order.size() scores, lowest first, ties by position; nan counts as
// highest. T is Half, float or double. O(n), a radix sort on the calling thread; no other thread
// may write to the scores. Requires order.size() <= scores.size().
template <typename T>
void lowest_first(std::span<const T> scores, const Execution& execution,
                  std::span<std::int64_t> order);

// mask[i] = 1 for the `count` lowest scores, as lowest_first orders them; 0 for the others. O(n).
// Requires count <= scores.size() == mask.size().
template <typename T>
void flag_lowest(std::span<const T> scores, std::size_t count, const Execution& execution,
                 std::span<std::uint8_t> mask);

// Mean over the examples of -log(p of the given label), rows clipped from below at 1e-6 and
// renormalised. Order-independent sum. O(rows * classes), threaded.
template <typename T>
double log_loss(MatrixView<T> probs, const LabelsView& labels, const Execution& execution);

}  // namespace cupel
