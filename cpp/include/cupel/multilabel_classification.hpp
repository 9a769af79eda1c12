// Multi-label problems: several classes may apply to an example, and each is a question of its own.
//
// For class c of example i the answers are "no" (0), of probability 1 - probs[i, c], and "yes" (1),
// of probability probs[i, c], both in the matrix's type. `given[i * cols + c]` is the answer that
// the labels give, no if 0. Everything below is what count.hpp, filter.hpp and rank.hpp do with the
// two-column matrix of each class, in passes over the whole matrix that never build it. All
// functions require given.size() == probs.rows * probs.cols, likewise for matrices of flags, that
// another pass checks the probabilities, and run on several threads, with the same result for every
// number of them. Nothing is indexed by a value of `probs`, so another thread may write to it.
// Thyagarajan, Snorrason, Northcutt, Mueller (2022), "Identifying Incorrect Annotations in
// Multi-Label Classification Data".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/filter.hpp"
#include "cupel/rank.hpp"
#include "cupel/views.hpp"

namespace cupel {

// Confident learning's counts of each class. Class-major: class, given answer, true answer.
struct AnswerCounts {
  std::vector<double> thresholds;            // cols x 2
  std::vector<std::uint8_t> of_matrix_type;  // cols; 1 where both answers are given
  std::vector<std::int64_t> label_counts;    // cols x 2
  std::vector<std::int64_t> joints;          // cols x 2 x 2, the diagonal raised to at least 1
};

// Thresholds and answers given, without joints. O(rows * cols), one pass.
template <typename T>
AnswerCounts answer_thresholds(MatrixView<T> probs, std::span<const std::uint8_t> given,
                               const Execution& execution);

// All counts; flags[i * cols + c] as ConfidentJointAccumulator sets them for class c. Of two
// confident answers the more probable counts, so that both rules for collisions agree. Two passes.
template <typename T>
AnswerCounts count_answers(MatrixView<T> probs, std::span<const std::uint8_t> given,
                           const Execution& execution, std::span<std::uint8_t> flags);

// flags = 1 where the other answer is the more probable, with `bonus` added to the given one, and
// 0 elsewhere; of equally probable answers no comes first. One pass.
template <typename T>
void flag_other_answers(MatrixView<T> probs, std::span<const std::uint8_t> given, double bonus,
                        const Execution& execution, std::span<std::uint8_t> flags);

// Reduces the flags of count_answers to the issues of each class by a prune method, as
// prune_candidates does: `prune` holds prune_counts' matrices, cols x 2 x 2. Only reads the cells
// flagged kFlagPredictedOther: O(rows * cols) for the flags, and memory for those of eight classes
// per thread.
template <typename T>
void prune_answers(MatrixView<T> probs, std::span<const std::uint8_t> given,
                   std::span<const std::int64_t> prune, std::span<const std::int64_t> label_counts,
                   FilterBy filter_by, std::int64_t min_examples_per_class,
                   const Execution& execution, std::span<std::uint8_t> flags);

// Reduces the flags of count_answers to as many cells of each class as it counts issues, those with
// the lowest scores (self-confidence or margin); equal scores go to the lower row. With
// `only_candidates`, less those whose given answer is the predicted one.
template <typename T>
void flag_lowest_answers(MatrixView<T> probs, std::span<const std::uint8_t> given,
                         ScoreMethod method, bool only_candidates, const Execution& execution,
                         std::span<std::uint8_t> flags);

// flags = 1 where all bits of `wanted` are set, else 0.
void keep_flags(std::uint8_t wanted, const Execution& execution, std::span<std::uint8_t> flags);

// mask[i] = 1 where row i of the flags has any that is not 0. Requires flags.size() == mask.size()
// * cols.
void any_answer(std::span<const std::uint8_t> flags, std::size_t cols, const Execution& execution,
                std::span<std::uint8_t> mask);

// How the answers of a class are scored.
struct AnswerScoring {
  ScoreMethod method = ScoreMethod::kSelfConfidence;
  const AnswerCounts* adjust = nullptr;  // its thresholds, to adjust the probabilities by
};

// out[i * cols + c] = the score of the answer given for class c, lower is worse. Entropy throws
// InvalidProbability for anything outside [0, 1]. O(rows * cols), one pass.
template <typename T>
void answer_scores(MatrixView<T> probs, std::span<const std::uint8_t> given,
                   const AnswerScoring& scoring, const Execution& execution, std::span<double> out);

enum class Aggregation : std::uint8_t {
  // e = s of the best class, then, from the second best to the worst, e = a * s + (1 - a) * e.
  kMovingAverage,
  // sum of s * w, with w = exp((1 - s) / a) over its sum.
  kSoftmin,
};

struct Aggregator {
  Aggregation kind = Aggregation::kMovingAverage;
  double parameter = 0.8;  // a: in [0, 1] for the average, positive for the softmin
};

// out[i] = the aggregate of row i's answer_scores, which are not stored. O(rows * cols *
// log(cols)^2) for the moving average, which sorts rows side by side by a network, else O(rows *
// cols).
template <typename T>
void multilabel_scores(MatrixView<T> probs, std::span<const std::uint8_t> given,
                       const AnswerScoring& scoring, const Aggregator& aggregator,
                       const Execution& execution, std::span<double> out);

// The same of scores that are there already, such as answer_scores'.
void aggregate_scores(MatrixView<double> scores, const Aggregator& aggregator,
                      const Execution& execution, std::span<double> out);

}  // namespace cupel
