#include <array>
#include <cmath>
#include <limits>

#include "core/multiannotator/tally.hpp"

namespace cupel {
namespace {

constexpr double kLeastProbability = 1e-30;

constexpr std::array<double, 9> kCoarse = {0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 3.0, 5.0, 8.0};
constexpr std::size_t kFineSteps = 4;  // on each side of the best of the coarse ones

// log of the row, raised to the least probability and made to sum to 1.
void log_row(const double* p, std::size_t classes, double* out) {
  double sum = 0.0;
  for (std::size_t k = 0; k < classes; ++k) {
    out[k] = std::max(p[k], kLeastProbability);
    sum += out[k];
  }
  for (std::size_t k = 0; k < classes; ++k) out[k] = std::log(out[k] / sum);
}

// Calls f(column, share) for each class that was given to the example.
template <typename F>
void for_each_share(const Tally& tally, std::size_t labels, ShareLayout layout, const F& f) {
  std::size_t rank = 0;
  for (const std::uint32_t k : tally.given()) {
    const std::size_t column = layout == ShareLayout::kPacked ? rank : k;
    f(column, static_cast<double>(tally[k]) / static_cast<double>(labels));
    ++rank;
  }
}

// Cross entropies of the examples of one block, summed, for each temperature.
class EntropySums {
 public:
  EntropySums(const Annotations& annotations, Probabilities probs, ShareLayout layout,
              std::span<const double> temperatures)
      : annotations_(annotations),
        probs_(probs),
        layout_(layout),
        temperatures_(temperatures),
        tally_(probs.cols),
        logs_(probs.cols) {}

  void add_row(std::size_t row, double* sums) {
    log_row(probs_.row(row), probs_.cols, logs_.data());
    tally_.count(annotations_.of_row(row));
    for (std::size_t t = 0; t < temperatures_.size(); ++t)
      sums[t] += entropy(row, temperatures_[t]);
  }

 private:
  [[nodiscard]] double entropy(std::size_t row, double temperature) const {
    const double least = std::log(kLeastProbability);
    double total = 0.0;
    for (const double log : logs_) total += std::exp(log / temperature);
    const double log_total = std::log(total);
    double sum = 0.0;
    for_each_share(tally_, annotations_.labels_of(row), layout_,
                   [&](std::size_t column, double share) {
                     sum -= share * std::max(logs_[column] / temperature - log_total, least);
                   });
    return sum;
  }

  const Annotations& annotations_;
  Probabilities probs_;
  ShareLayout layout_;
  std::span<const double> temperatures_;
  Tally tally_;
  std::vector<double> logs_;
};

// The lowest of the temperatures with the least mean cross entropy.
double best_of(const Annotations& annotations, Probabilities probs, ShareLayout layout,
               std::span<const double> temperatures, const Execution& execution) {
  const std::size_t count = temperatures.size();
  const std::size_t blocks = example_blocks(probs.rows);
  const std::size_t workers =
      example_workers(execution, probs.rows, count * probs.cols * 4 * sizeof(double));
  std::vector<EntropySums> sums(workers, EntropySums(annotations, probs, layout, temperatures));
  std::vector<double> of_blocks(blocks * count);
  parallel_blocks(execution, workers, probs.rows, kExamplesPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    double* of_block = of_blocks.data() + begin / kExamplesPerBlock * count;
                    for (std::size_t i = begin; i < end; ++i) sums[worker].add_row(i, of_block);
                  });
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t t = 0; t < count; ++t) {
    double sum = 0.0;
    for (std::size_t b = 0; b < blocks; ++b) sum += of_blocks[b * count + t];
    if (sum < least) {
      least = sum;
      best = t;
    }
  }
  return temperatures[best];
}

}  // namespace

double best_temperature(const Annotations& annotations, Probabilities probs, ShareLayout layout,
                        const Execution& execution) {
  const double coarse = best_of(annotations, probs, layout, kCoarse, execution);
  const auto* const at = std::find(kCoarse.begin(), kCoarse.end(), coarse);
  std::vector<double> fine;
  const auto between = [&](double from, double to, std::size_t step) {
    return from + static_cast<double>(step) * ((to - from) / static_cast<double>(kFineSteps));
  };
  // Up to the next lower and the next higher one. After the last there is nothing, not even the
  // last itself: cleanlab's choice, which makes 7.25 the largest temperature.
  if (at != kCoarse.begin())
    for (std::size_t i = 0; i < kFineSteps; ++i) fine.push_back(between(*(at - 1), coarse, i));
  if (at + 1 != kCoarse.end()) {
    for (std::size_t i = 0; i < kFineSteps; ++i) fine.push_back(between(coarse, *(at + 1), i));
    fine.push_back(*(at + 1));
  }
  return best_of(annotations, probs, layout, fine, execution);
}

void temper(Probabilities probs, double temperature, const Execution& execution,
            std::span<double> out) {
  const std::size_t workers =
      example_workers(execution, probs.rows, probs.cols * 4 * sizeof(double));
  parallel_blocks(execution, workers, probs.rows, kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      double* row = out.data() + i * probs.cols;
                      log_row(probs.row(i), probs.cols, row);
                      double sum = 0.0;
                      for (std::size_t k = 0; k < probs.cols; ++k) {
                        row[k] = std::exp(row[k] / temperature);
                        sum += row[k];
                      }
                      for (std::size_t k = 0; k < probs.cols; ++k) row[k] /= sum;
                    }
                  });
}

void label_shares(const Annotations& annotations, std::size_t classes, ShareLayout layout,
                  const Execution& execution, std::span<double> out) {
  const std::size_t rows = annotations.rows();
  const std::size_t workers = example_workers(execution, rows, classes * sizeof(double));
  std::vector<Tally> tallies(workers, Tally(classes));
  parallel_blocks(execution, workers, rows, kExamplesPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    Tally& tally = tallies[worker];
                    for (std::size_t i = begin; i < end; ++i) {
                      double* row = out.data() + i * classes;
                      std::fill_n(row, classes, 0.0);
                      tally.count(annotations.of_row(i));
                      for_each_share(
                          tally, annotations.labels_of(i), layout,
                          [&](std::size_t column, double share) { row[column] = share; });
                    }
                  });
}

}  // namespace cupel
