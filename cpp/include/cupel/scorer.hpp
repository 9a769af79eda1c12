// A frozen scorer: thresholds learned once, then single rows judged in nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cupel/count.hpp"
#include "cupel/posterior.hpp"
#include "cupel/rank.hpp"

namespace cupel {

struct Verdict {
  double score = 0.0;                 // label quality, lower is worse
  std::int64_t confident_class = -1;  // the class the row confidently belongs to, or -1
  std::int64_t suggested_label = 0;   // the class with the largest probability, or the posterior's
  bool is_label_issue = false;        // by filter_by="confident_learning", or the posterior
};

// Immutable after construction, so safe from any number of threads without locks.
class Scorer {
 public:
  // `adjust` subtracts the thresholds before scoring. Throws std::invalid_argument for entropy with
  // `adjust` and for no classes.
  Scorer(const Thresholds& thresholds, ScoreMethod method, bool adjust, Collision collision);

  // Judges by the noise posterior: its score, its suggestion, and an issue where the label is more
  // likely wrong than right. `thresholds` are for the confident class only. Throws
  // std::invalid_argument for no classes, or unequal numbers of them.
  Scorer(NoiseModel model, Thresholds thresholds, Collision collision);
  Scorer(Scorer&&) noexcept;
  Scorer& operator=(Scorer&&) noexcept;
  ~Scorer();

  [[nodiscard]] std::size_t classes() const;
  [[nodiscard]] const Thresholds& thresholds() const;

  // Judges one row of classes() contiguous probabilities. O(classes), no allocation unless it
  // throws InvalidLabel or InvalidProbability (with row 0). The score has the bits that
  // label_quality_scores or label_posteriors gives. T is Half, float or double.
  template <typename T>
  [[nodiscard]] Verdict check(const T* probs, std::int64_t given) const;

  // Only the score; cheaper than check.
  template <typename T>
  [[nodiscard]] double score(const T* probs, std::int64_t given) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace cupel
