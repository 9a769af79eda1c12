// Scores the rows of one block; shared by whole-matrix scoring and the frozen scorer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "cupel/rank.hpp"

namespace cupel {

// The thresholds to subtract, as a kernel takes them.
template <typename A>
struct Shift {
  std::vector<A> values;
  A highest = A(0);

  explicit Shift(const Thresholds* adjust) {
    if (adjust == nullptr) return;
    values.assign(padded(adjust->values.size()), A(0));
    std::transform(adjust->values.begin(), adjust->values.end(), values.begin(),
                   [](double t) { return static_cast<A>(t); });
    highest = static_cast<A>(*std::max_element(adjust->values.begin(), adjust->values.end()));
  }
  [[nodiscard]] const A* data() const { return values.empty() ? nullptr : values.data(); }
};

// Checks and scores blocks. Calls are const, allocate nothing unless they throw, and may run
// concurrently.
template <typename T, typename Out>
class BlockScorer {
  // Scores of type Out are computed in Out, or in float when that is float16.
  using A = std::conditional_t<std::is_same_v<Out, double>, double, Compute<T>>;

 public:
  BlockScorer(ScoreMethod method, const Thresholds* adjust)
      : kernels_(kernels_of<T>()), method_(method), shift_(adjust) {}

  // Entropy is not defined for values outside [0, 1], by however little.
  [[nodiscard]] double tolerance() const {
    return method_ == ScoreMethod::kConfidenceWeightedEntropy ? 0.0 : kProbabilityTolerance;
  }

  // Throws InvalidProbability for the first bad value; `begin` is the number of the first row.
  void check(const RowBlock<T>& block, std::size_t begin) const {
    const std::size_t bad = kernels_.first_invalid_row(block.probs, tolerance());
    if (bad < block.probs.rows) throw_invalid_row(block.probs, bad, begin, tolerance());
  }

  // Requires what `check` checks.
  void score(const RowBlock<T>& block, Out* out) const {
    const bool margin = method_ == ScoreMethod::kNormalizedMargin;
    if constexpr (std::is_same_v<Out, double>) {
      if (method_ == ScoreMethod::kConfidenceWeightedEntropy) {
        kernels_.entropy_rows(block, out);
      } else {
        (margin ? kernels_.normalized_margin_rows_f64 : kernels_.self_confidence_rows_f64)(
            block, shift_.data(), shift_.highest, out);
      }
    } else {
      (margin ? kernels_.normalized_margin_rows : kernels_.self_confidence_rows)(
          block, shift_.data(), shift_.highest, out);
    }
  }

 private:
  const KernelsOf<T>& kernels_;
  ScoreMethod method_;
  Shift<A> shift_;
};

}  // namespace cupel
