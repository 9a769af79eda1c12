// Labels by several annotators: consensus by vote, and CROWDLAB's weighing of annotators and models
// (Goh, Tkachenko, Mueller, "CROWDLAB: Supervised learning to infer consensus labels and quality
// scores for data with multiple annotators", 2022).
//
// Rows are examples, columns annotators. Nothing here changes an input, every function may be
// called from several threads at once, and no result depends on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

// A matrix of labels as it lies in memory, nan where an annotator gave none. Strides in elements.
struct WideLabels {
  const double* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t col_stride = 0;
};

// A label, and the number of who gave it or of the example it is for.
struct Mark {
  std::uint32_t of;
  std::uint32_t label;
};

// All labels, by example and by annotator; a copy, so what was checked is what is used.
// Memory: 16 bytes per label.
class Annotations {
 public:
  // Throws std::invalid_argument for the first label that is no class (a whole number in [0,
  // 2^24)), and for more than 2^32 - 1 rows or columns. O(rows * cols), threaded.
  Annotations(const WideLabels& labels, const Execution& execution);

  [[nodiscard]] std::size_t rows() const { return row_begin_.size() - 1; }
  [[nodiscard]] std::size_t annotators() const { return annotator_begin_.size() - 1; }
  [[nodiscard]] std::size_t size() const { return by_row_.size(); }
  // Labels of an example, by ascending annotator; labels by an annotator, by ascending example.
  [[nodiscard]] std::span<const Mark> of_row(std::size_t i) const {
    return {by_row_.data() + row_begin_[i], row_begin_[i + 1] - row_begin_[i]};
  }
  [[nodiscard]] std::span<const Mark> of_annotator(std::size_t j) const {
    return {by_annotator_.data() + annotator_begin_[j], labels_by(j)};
  }
  [[nodiscard]] std::size_t labels_of(std::size_t i) const {
    return row_begin_[i + 1] - row_begin_[i];
  }
  [[nodiscard]] std::size_t labels_by(std::size_t j) const {
    return annotator_begin_[j + 1] - annotator_begin_[j];
  }
  // Where annotator j's labels begin among all, ordered by annotator, then by example.
  [[nodiscard]] std::size_t begin_of_annotator(std::size_t j) const { return annotator_begin_[j]; }
  // How often each class was given; as long as the largest label + 1.
  [[nodiscard]] std::span<const std::int64_t> class_totals() const { return class_totals_; }

 private:
  std::vector<std::size_t> row_begin_;
  std::vector<Mark> by_row_;
  std::vector<std::size_t> annotator_begin_;
  std::vector<Mark> by_annotator_;
  std::vector<std::int64_t> class_totals_;
};

using Probabilities = MatrixView<double>;

// Examples whose vote stays undecided, ascending, and the classes still in the run for each:
// classes[begin[i]] ... classes[begin[i + 1] - 1], ascending.
struct OpenVotes {
  std::vector<std::int64_t> rows;
  std::vector<std::size_t> begin;
  std::vector<std::int64_t> classes;
};

// The class most annotators gave to each example. Ties go to the class with the larger probability
// (if there are `probs`), then to the class that was given least often to all examples, then to the
// class whose supporters agree more with the examples that had no tie (the mean over them of their
// shares of agreement; who has none counts as the mean of the others). What is still tied is
// returned, and out is -1 there. Throws std::invalid_argument for an example without labels.
// Requires classes > every label, out.size() == rows. O(labels + classes per thread).
OpenVotes majority_vote(const Annotations& annotations, const Probabilities* probs,
                        std::size_t classes, const Execution& execution,
                        std::span<std::int64_t> out);

// For each annotator: over the examples with other labels, how many other labels there are, and how
// many of those are the same as the annotator's. O(labels), threaded.
struct PeerAgreement {
  std::vector<std::int64_t> same, others;
};
PeerAgreement peer_agreement(const Annotations& annotations, std::size_t classes,
                             const Execution& execution);

// A consensus next to labels and models. S: the examples that do not have exactly one label.
struct ConsensusFit {
  std::int64_t examples = 0;                   // in S
  double agreement = 0.0;                      // sum over S of out
  std::vector<std::int64_t> class_counts;      // consensus labels in S
  std::vector<std::int64_t> model_mismatches;  // examples in S whose argmax is another class
};

// out[i] = share of example i's labels that are the consensus (nan without labels). Requires
// consensus.size() == out.size() == rows, matrices of that many rows and `classes` columns.
// O(labels + rows * classes * models), threaded.
ConsensusFit fit_consensus(const Annotations& annotations, std::span<const Probabilities> models,
                           std::span<const std::int64_t> consensus, std::size_t classes,
                           const Execution& execution, std::span<double> out);

// How much everybody counts, and how likely a label is the true one (`right`), or each other class
// (`wrong`).
struct CrowdWeights {
  std::span<const double> annotators;
  std::span<const double> models;
  double right = 0.0;
  double wrong = 0.0;
};

// out[i, k] = (sum of w_m p_m[i, k] + sum of w_j (label k ? right : wrong)) / (sum of w_m and w_j),
// over the models, then the annotators of example i, in order. Requires one weight each, labels <
// classes, out.size() == rows * classes. O((rows * models + labels) * classes), threaded.
void crowd_posterior(const Annotations& annotations, std::span<const Probabilities> models,
                     const CrowdWeights& weights, std::size_t classes, const Execution& execution,
                     std::span<double> out);

// out[i] = the class of the largest value of row i, or fallback[i] where two are equally large.
// O(rows * classes), threaded.
void leading_classes(Probabilities probs, std::span<const std::int64_t> fallback,
                     const Execution& execution, std::span<std::int64_t> out);

// How the labels of an example become a distribution over classes. kPacked: the shares of the
// classes that were given, in ascending order of class, fill the first columns, whatever their
// classes are, as in cleanlab 2.9.0; kByClass: each share lies in its class's column.
enum class ShareLayout : std::uint8_t { kByClass, kPacked };

// out[i, :] = that distribution. O(labels + rows * classes), threaded.
void label_shares(const Annotations& annotations, std::size_t classes, ShareLayout layout,
                  const Execution& execution, std::span<double> out);

// The temperature T, of a grid of 9 and then of the grid around the best, for which the labels'
// distributions have the lowest mean cross entropy to softmax(log(p) / T). Grids' ties go to the
// lower T. O(rows * classes) per temperature, no memory for matrices, threaded.
double best_temperature(const Annotations& annotations, Probabilities probs, ShareLayout layout,
                        const Execution& execution);

// out = softmax(log(p) / temperature) of each row, p raised to at least 1e-30 and made to sum to 1.
void temper(Probabilities probs, double temperature, const Execution& execution,
            std::span<double> out);

// Sum of the weights of each example's annotators. O(labels), threaded.
void annotator_weight_sums(const Annotations& annotations, std::span<const double> weights,
                           const Execution& execution, std::span<double> out);

// out = probs[example, label] of every label, ordered by annotator, then by example. Requires
// labels < columns. O(labels), threaded.
void label_scores(const Annotations& annotations, Probabilities probs, const Execution& execution,
                  std::span<double> out);

// Puts scores, ordered as above, where their labels are: out[j * rows + i], nan without a label.
void spread_scores(const Annotations& annotations, std::span<const double> scores,
                   const Execution& execution, std::span<double> out);

// What is said of each annotator; one element each.
struct AnnotatorSummary {
  std::span<double> mean_score;        // of the labels' scores
  std::span<double> agreement;         // share of labels that are the consensus
  std::span<double> shared_agreement;  // the same over examples in S; nan if there are none
  std::span<std::int64_t> worst_class;
};

// worst_class: the class whose labels are the consensus least often; of equals the one given most
// often, then the one with the highest mean quality of consensus, then the lowest. nan and -1 for
// an annotator without labels. Requires labels < classes, consensus.size() == quality.size() ==
// rows, scores.size() == labels. O(labels + classes per thread), threaded.
void summarize_annotators(const Annotations& annotations, std::span<const std::int64_t> consensus,
                          std::span<const double> quality, std::span<const double> scores,
                          std::size_t classes, const Execution& execution,
                          const AnnotatorSummary& out);

}  // namespace cupel
