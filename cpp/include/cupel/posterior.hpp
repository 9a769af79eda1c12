// The noise posterior: what the true class of an example may be, given its probabilities, its label
// and how labels were confused. Derivation, assumptions and failures: docs/noise-posterior.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/latent.hpp"
#include "cupel/views.hpp"

namespace cupel {

// How labels came about, as far as the posterior needs to know it.
struct NoiseModel {
  std::vector<double> thresholds;     // what a class's probability is measured by, above 0
  SquareMatrix<double> noise_matrix;  // [given, true]: columns sum to 1
  double temperature = 1.0;           // in [1/16, 16]
};

// Fits a model to (a sample of) the rows. `thresholds` as of cupel/count.hpp; `joint`: the
// confident joint [given, confident class] counted there, its rows scaled to the numbers of labels.
// Values and labels as checked there. Throws InvalidLabel; std::invalid_argument if sizes do not
// fit or there are no rows. O(min(rows, max(16384, 32 classes)) * classes), threaded; O(classes^2)
// memory besides the sample.
template <typename T>
NoiseModel fit_noise_model(MatrixView<T> probs, const LabelsView& labels,
                           std::span<const double> thresholds, const SquareMatrix<double>& joint,
                           const Execution& execution);

// One example, judged.
struct LabelPosterior {
  double score = 1.0;                  // (q given - largest other q + 1) / 2, lower is worse
  double error_probability = 0.0;      // that the given label is wrong
  std::int64_t suggested_label = 0;    // the likeliest other class, the lowest of equals
  double suggested_probability = 1.0;  // its q
};

// Where results go: one element per row each.
struct LabelPosteriorsOut {
  std::span<double> scores;
  std::span<double> error_probability;
  std::span<std::int64_t> suggested_label;
  std::span<double> suggested_probability;
};

// Judges every row. With more than 16 classes, the 16 of largest probability over threshold (and
// the given one) are weighed. Checks every value: throws InvalidLabel or InvalidProbability;
// std::invalid_argument if the model does not fit. O(rows * (classes + min(classes, 16)^2)), one
// pass, threaded.
template <typename T>
void label_posteriors(MatrixView<T> probs, const LabelsView& labels, const NoiseModel& model,
                      const Execution& execution, const LabelPosteriorsOut& out);

// out[i * classes + j] = the probability that j is example i's true class; rows sum to 1. As
// label_posteriors. Requires out.size() == rows * classes.
template <typename T>
void true_label_probs(MatrixView<T> probs, const LabelsView& labels, const NoiseModel& model,
                      const Execution& execution, std::span<double> out);

// Expected number of wrong labels, with the standard error that the examples' own chance gives it.
struct ExpectedErrors {
  std::vector<double> by_class;           // by given class
  std::vector<double> variance_by_class;  // sum of q (1 - q)
};

// Sums error probabilities by given class, independently of the order of the rows. O(rows).
ExpectedErrors expected_errors(std::span<const double> error_probability, const LabelsView& labels,
                               std::size_t classes, const Execution& execution);

}  // namespace cupel
