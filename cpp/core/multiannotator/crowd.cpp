#include <limits>
#include <stdexcept>

#include "core/exact_sum.hpp"
#include "core/multiannotator/tally.hpp"

namespace cupel {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

void add(std::vector<std::int64_t>& sum, const std::vector<std::int64_t>& other) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
}

std::size_t lowest_argmax(const double* row, std::size_t cols) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < cols; ++k)
    if (row[k] > row[best]) best = k;
  return best;
}

// One worker's share of a ConsensusFit.
struct PartialFit {
  ConsensusFit counts;
  ExactSum agreement;
};

void fit_row(std::span<const Mark> labels, std::span<const Probabilities> models, std::size_t row,
             std::size_t consensus, PartialFit& fit, double& agreement) {
  std::size_t same = 0;
  for (const Mark& mark : labels) same += mark.label == consensus ? 1 : 0;
  agreement =
      labels.empty() ? kNoNumber : static_cast<double>(same) / static_cast<double>(labels.size());
  if (labels.size() == 1) return;
  ++fit.counts.examples;
  ++fit.counts.class_counts[consensus];
  fit.agreement.add(agreement);
  for (std::size_t m = 0; m < models.size(); ++m)
    if (lowest_argmax(models[m].row(row), models[m].cols) != consensus)
      ++fit.counts.model_mismatches[m];
}

}  // namespace

PeerAgreement peer_agreement(const Annotations& annotations, std::size_t classes,
                             const Execution& execution) {
  const std::size_t rows = annotations.rows();
  const std::size_t workers = label_workers(execution, annotations, example_blocks(rows));
  const std::vector<std::int64_t> zeros(annotations.annotators());
  std::vector<PeerAgreement> partial(workers, PeerAgreement{zeros, zeros});
  std::vector<Tally> tallies(workers, Tally(classes));
  parallel_blocks(execution, workers, rows, kExamplesPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    Tally& tally = tallies[worker];
                    PeerAgreement& sums = partial[worker];
                    for (std::size_t i = begin; i < end; ++i) {
                      const auto labels = annotations.of_row(i);
                      tally.count(labels);
                      for (const Mark& mark : labels) {
                        sums.same[mark.of] += tally[mark.label] - 1;
                        sums.others[mark.of] += static_cast<std::int64_t>(labels.size()) - 1;
                      }
                    }
                  });
  for (std::size_t w = 1; w < workers; ++w) {
    add(partial[0].same, partial[w].same);
    add(partial[0].others, partial[w].others);
  }
  return std::move(partial[0]);
}

ConsensusFit fit_consensus(const Annotations& annotations, std::span<const Probabilities> models,
                           std::span<const std::int64_t> consensus, std::size_t classes,
                           const Execution& execution, std::span<double> out) {
  const std::size_t rows = annotations.rows();
  const std::size_t workers =
      example_workers(execution, rows, (models.size() * classes + 8) * sizeof(double));
  PartialFit empty;
  empty.counts.class_counts.resize(classes);
  empty.counts.model_mismatches.resize(models.size());
  std::vector<PartialFit> partial(workers, empty);
  parallel_blocks(execution, workers, rows, kExamplesPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const auto label = static_cast<std::size_t>(consensus[i]);
                      if (label >= classes)
                        throw std::invalid_argument("a consensus label is no class");
                      fit_row(annotations.of_row(i), models, i, label, partial[worker], out[i]);
                    }
                  });
  for (std::size_t w = 1; w < workers; ++w) {
    partial[0].counts.examples += partial[w].counts.examples;
    partial[0].agreement.merge(partial[w].agreement);
    add(partial[0].counts.class_counts, partial[w].counts.class_counts);
    add(partial[0].counts.model_mismatches, partial[w].counts.model_mismatches);
  }
  partial[0].counts.agreement = partial[0].agreement.value();
  return std::move(partial[0].counts);
}

void crowd_posterior(const Annotations& annotations, std::span<const Probabilities> models,
                     const CrowdWeights& weights, std::size_t classes, const Execution& execution,
                     std::span<double> out) {
  const std::size_t rows = annotations.rows();
  double of_models = 0.0;
  for (const double weight : weights.models) of_models += weight;
  const auto mix_row = [&](std::size_t i, double* row) {
    std::fill_n(row, classes, 0.0);
    for (std::size_t m = 0; m < models.size(); ++m) {
      const double* p = models[m].row(i);
      for (std::size_t k = 0; k < classes; ++k) row[k] += weights.models[m] * p[k];
    }
    double total = of_models;
    for (const Mark& mark : annotations.of_row(i)) {
      const double weight = weights.annotators[mark.of];
      const double right = row[mark.label] + weight * weights.right;
      const double wrong = weight * weights.wrong;
      for (std::size_t k = 0; k < classes; ++k) row[k] += wrong;
      row[mark.label] = right;
      total += weight;
    }
    for (std::size_t k = 0; k < classes; ++k) row[k] /= total;
  };
  const std::size_t workers =
      example_workers(execution, rows, (models.size() + 2) * classes * sizeof(double));
  parallel_blocks(execution, workers, rows, kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) mix_row(i, out.data() + i * classes);
                  });
}

void leading_classes(Probabilities probs, std::span<const std::int64_t> fallback,
                     const Execution& execution, std::span<std::int64_t> out) {
  const std::size_t workers = example_workers(execution, probs.rows, probs.cols * sizeof(double));
  parallel_blocks(execution, workers, probs.rows, kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const double* row = probs.row(i);
                      const std::size_t best = lowest_argmax(row, probs.cols);
                      const bool alone = std::count(row, row + probs.cols, row[best]) == 1;
                      out[i] = alone ? static_cast<std::int64_t>(best) : fallback[i];
                    }
                  });
}

void annotator_weight_sums(const Annotations& annotations, std::span<const double> weights,
                           const Execution& execution, std::span<double> out) {
  const std::size_t rows = annotations.rows();
  parallel_blocks(execution, label_workers(execution, annotations, example_blocks(rows)), rows,
                  kExamplesPerBlock, [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      double sum = 0.0;
                      for (const Mark& mark : annotations.of_row(i)) sum += weights[mark.of];
                      out[i] = sum;
                    }
                  });
}

}  // namespace cupel
