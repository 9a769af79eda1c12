// The rules of counting, scoring and filtering once more, one row at a time and with full sorts:
// what the core must agree with to the last bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "core/scalar.hpp"
#include "cupel/filter.hpp"
#include "cupel/rank.hpp"

namespace cupel::test {

template <typename T>
Compute<T> rounded(Compute<T> x) {
  if constexpr (sizeof(T) == sizeof(Half)) return round_to<T>(static_cast<double>(x));
  return x;
}

template <typename T>
std::vector<Compute<T>> values_of(const T* row, std::size_t cols) {
  std::vector<Compute<T>> values(cols);
  std::transform(row, row + cols, values.begin(), [](T x) { return to_compute(x); });
  return values;
}

template <typename A>
std::size_t naive_argmax(const std::vector<A>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Whether the argmax is not the given class even after its probability is raised by 1e-6.
template <typename T>
bool naive_predicted_other(const T* row, std::size_t cols, std::size_t given) {
  std::vector<Compute<T>> values = values_of(row, cols);
  values[given] = rounded<T>(values[given] + round_to<T>(1e-6));
  return naive_argmax(values) != given;
}

// The confident class of a row, or -1; `confident` tells which classes reach their thresholds.
template <typename T>
std::int64_t naive_confident_class(const T* row, const std::vector<bool>& confident,
                                   Collision rule) {
  const auto count = std::count(confident.begin(), confident.end(), true);
  if (count == 0) return -1;
  std::vector<Compute<T>> values = values_of(row, confident.size());
  if (count == 1 || rule == Collision::kConfident)
    for (std::size_t j = 0; j < values.size(); ++j)
      if (!confident[j]) values[j] = -std::numeric_limits<Compute<T>>::infinity();
  return static_cast<std::int64_t>(naive_argmax(values));
}

// p >= t - 1e-6, evaluated in the type NumPy would use.
template <typename T>
bool naive_reaches(T p, const Thresholds& thresholds, std::size_t k) {
  const double t = thresholds.values[k];
  if (!thresholds.of_matrix_type) return static_cast<double>(to_compute(p)) >= t - 1e-6;
  return to_compute(p) >= rounded<T>(round_to<T>(t) - round_to<T>(1e-6));
}

template <typename T>
Compute<T> naive_margin(const T* row, std::size_t j, std::size_t given) {
  return rounded<T>(to_compute(row[j]) - to_compute(row[given]));
}

template <typename T>
Compute<T> naive_score(const T* row, std::size_t cols, std::size_t given, ScoreMethod method) {
  using A = Compute<T>;
  std::vector<A> values = values_of(row, cols);
  const A own = values[given];
  if (method == ScoreMethod::kSelfConfidence) return own;
  values[given] = -std::numeric_limits<A>::infinity();
  const A other = cols > 1 ? values[naive_argmax(values)] : A(0);
  return rounded<T>(rounded<T>(rounded<T>(own - other) + A(1)) / A(2));
}

// The first `count` of `rows` by ascending key, ties by position.
template <typename Key>
std::vector<std::size_t> first_by(std::vector<std::size_t> rows, std::size_t count,
                                  const Key& key) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  rows.resize(std::min(count, rows.size()));
  return rows;
}

struct NaiveFlags {
  std::vector<std::uint8_t> off_diagonal, predicted_other;
  SquareMatrix<std::int64_t> joint;
};

template <typename T>
NaiveFlags naive_flags(MatrixView<T> probs, const std::vector<std::int64_t>& labels,
                       const Thresholds& thresholds, Collision rule) {
  NaiveFlags flags{std::vector<std::uint8_t>(probs.rows), std::vector<std::uint8_t>(probs.rows),
                   SquareMatrix<std::int64_t>(probs.cols)};
  std::vector<bool> confident(probs.cols);
  for (std::size_t i = 0; i < probs.rows; ++i) {
    const auto given = static_cast<std::size_t>(labels[i]);
    for (std::size_t j = 0; j < probs.cols; ++j)
      confident[j] = naive_reaches(probs.row(i)[j], thresholds, j);
    const std::int64_t guess = naive_confident_class(probs.row(i), confident, rule);
    if (guess >= 0) ++flags.joint(given, static_cast<std::size_t>(guess));
    flags.off_diagonal[i] = guess >= 0 && guess != labels[i];
    flags.predicted_other[i] = naive_predicted_other(probs.row(i), probs.cols, given);
  }
  return flags;
}

// What the prune methods select, before those whose prediction agrees with their label are let go.
template <typename T>
std::vector<std::uint8_t> naive_prune(MatrixView<T> probs, const std::vector<std::int64_t>& labels,
                                      const SquareMatrix<std::int64_t>& prune, FilterBy filter_by,
                                      std::int64_t min_examples) {
  std::vector<std::uint8_t> mask(probs.rows);
  for (std::size_t k = 0; k < probs.cols; ++k) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < probs.rows; ++i)
      if (labels[i] == static_cast<std::int64_t>(k)) rows.push_back(i);
    const auto size = static_cast<std::int64_t>(rows.size());
    if (size <= std::max<std::int64_t>(1, min_examples)) continue;
    std::vector<std::uint8_t> by_rate(probs.rows), by_class(probs.rows);
    for (std::size_t j = 0; j < probs.cols; ++j)
      if (j != k && prune(k, j) > 0)
        for (const std::size_t i :
             first_by(rows, static_cast<std::size_t>(prune(k, j)),
                      [&](std::size_t r) { return -naive_margin(probs.row(r), j, k); }))
          by_rate[i] = 1;
    const auto lowest =
        static_cast<std::size_t>(size - std::clamp<std::int64_t>(prune(k, k), 0, size));
    for (const std::size_t i :
         first_by(rows, lowest, [&](std::size_t r) { return to_compute(probs.row(r)[k]); }))
      by_class[i] = 1;
    for (const std::size_t i : rows)
      mask[i] = (filter_by == FilterBy::kPruneByClass || by_rate[i]) &&
                (filter_by == FilterBy::kPruneByNoiseRate || by_class[i]);
  }
  return mask;
}

// cupel::find_label_issues by definition. Takes thresholds from the accumulator and the class-by-
// class algebra from the core, which have tests of their own.
template <typename T>
std::vector<std::uint8_t> naive_label_issues(MatrixView<T> probs,
                                             const std::vector<std::int64_t>& labels,
                                             const FilterOptions& options) {
  const LabelsView view{labels.data(), labels.size(), IntegerType::kInt64};
  ThresholdAccumulator sums(probs.cols);
  sums.update(probs, view, Execution{});
  NaiveFlags flags = naive_flags(probs, labels, sums.finish<T>(), options.collision);
  std::vector<std::uint8_t> mask = flags.predicted_other;
  if (options.filter_by == FilterBy::kPredictedNeqGiven) return mask;
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= flags.off_diagonal[i];
  if (options.filter_by == FilterBy::kConfidentLearning) return mask;

  if (options.filter_by == FilterBy::kLowNormalizedMargin ||
      options.filter_by == FilterBy::kLowSelfConfidence) {
    const ScoreMethod method = options.filter_by == FilterBy::kLowSelfConfidence
                                   ? ScoreMethod::kSelfConfidence
                                   : ScoreMethod::kNormalizedMargin;
    const auto count = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), 1));
    std::vector<std::size_t> rows(probs.rows);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::fill(mask.begin(), mask.end(), std::uint8_t{0});
    for (const std::size_t i : first_by(rows, count, [&](std::size_t r) {
           return naive_score(probs.row(r), probs.cols, static_cast<std::size_t>(labels[r]),
                              method);
         }))
      mask[i] = 1;
    return mask;
  }

  raise_diagonal(flags.joint);
  const std::vector<std::int64_t> counts = sums.label_counts();
  const SquareMatrix<std::int64_t> prune =
      options.confident_joint ? prune_counts(*options.confident_joint, counts, options.prune)
                              : prune_counts(calibrate_confident_joint(flags.joint, counts).joint,
                                             counts, options.prune);
  mask = naive_prune(probs, labels, prune, options.filter_by, options.prune.min_examples_per_class);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= flags.predicted_other[i];
  return mask;
}

}  // namespace cupel::test
