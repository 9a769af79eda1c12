// Fits the noise model of a data set; the steps and their reasons are in docs/noise-posterior.md.
#include <array>
#include <cmath>
#include <stdexcept>

#include "core/blocks.hpp"
#include "core/posterior/sample.hpp"
#include "core/posterior/true_class.hpp"

namespace cupel {
namespace {

using Matrix = SquareMatrix<double>;

constexpr std::size_t kSampleRows = std::size_t{1} << 14;
constexpr std::size_t kSampleRowsPerClass = 32;
constexpr std::size_t kTemperatureRows = std::size_t{1} << 11;
constexpr std::size_t kTemperatureRowsPerClass = 16;
constexpr double kRefinedShare = 0.75;  // of the noise matrix; the rest is the confident joint's
constexpr double kRandomLabels = 0.01;  // share of labels that is always thought to be random
constexpr double kLowestTemperature = 1.0 / 16.0, kHighestTemperature = 16.0;
constexpr double kTemperaturePrecision = 1e-6;
constexpr double kFlatSlope = 1e-12;  // rounding alone gives as much
constexpr int kTemperatureSteps = 30;
constexpr double kLowestLikelihood = 1e-300;
constexpr int kRefits = 2;

// Columns made to sum to 1; a column without anything is taken from `otherwise`.
Matrix shares(Matrix m, const Matrix& otherwise) {
  std::vector<double> sums(m.size);
  for (std::size_t g = 0; g < m.size; ++g)
    for (std::size_t z = 0; z < m.size; ++z) sums[z] += m(g, z);
  for (std::size_t g = 0; g < m.size; ++g)
    for (std::size_t z = 0; z < m.size; ++z)
      m(g, z) = sums[z] > 0.0 ? m(g, z) / sums[z] : otherwise(g, z);
  return m;
}

Matrix identity(std::size_t size) {
  Matrix m(size);
  for (std::size_t k = 0; k < size; ++k) m(k, k) = 1.0;
  return m;
}

// share * a + (1 - share) * b, with the part that is always random.
Matrix blended(const Matrix& a, const Matrix& b, double share) {
  Matrix m(a.size);
  const double random = kRandomLabels / static_cast<double>(a.size);
  for (std::size_t i = 0; i < m.values.size(); ++i)
    m.values[i] =
        (1.0 - kRandomLabels) * (share * a.values[i] + (1.0 - share) * b.values[i]) + random;
  return m;
}

Matrix with_random_part(const Matrix& m) { return blended(m, m, 1.0); }

// Calls body(rows, pointers) for parts of the sample and where their probabilities lie.
template <typename T, typename Body>
void for_each_part(MatrixView<T> probs, const Execution& execution, Sample& sample,
                   const Body& body) {
  const std::size_t row_bytes = probs.cols * sizeof(T);
  const RowPass pass(execution, sample.size(), row_bytes, row_bytes + 32 * sample.width());
  static_assert(kMaxBlockRows % kLanes == 0);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain / kLanes * kLanes,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    std::array<const T*, kMaxBlockRows> pointers;
                    for (std::size_t i = begin; i < end; ++i)
                      pointers[i - begin] = probs.row(sample.numbers[i]);
                    body(sample.rows(begin, end), pointers.data());
                  });
}

template <typename T>
Sample drawn(MatrixView<T> probs, const LabelsView& labels, std::size_t count) {
  Sample sample(even_rows(probs.rows, count), probs.cols);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const std::size_t row = sample.numbers[i];
    sample.given[i] = *CheckedLabels(labels, row, row + 1, probs.cols).data();
  }
  return sample;
}

// The temperature under which the given labels are likeliest, by Newton's method between bounds.
// `sample` holds weights at temperature 1, which are lost.
double best_temperature(Sample& sample, const TrueClassTables& tables) {
  const TileKernels& kernels = active_kernels().tiles;
  const std::size_t rows = sample.size();
  const std::size_t width = sample.width();
  std::vector<double> rates(sample.weights.size());
  std::vector<double> logs(sample.weights.size());
  sample.rows(0, rows).label_rates(tables, rates.data());
  kernels.log_tiles(sample.weights.data(), rows, width, logs.data());
  double low = kLowestTemperature;
  double high = kHighestTemperature;
  double temperature = 1.0;
  for (int step = 0; step < kTemperatureSteps; ++step) {
    double* weights = sample.weights.data();
    kernels.temper_tiles(logs.data(), rows, width, temperature, weights);
    const Slope slope = kernels.temperature_slope(logs.data(), weights, rates.data(), rows, width);
    if (std::abs(slope.first) <= kFlatSlope * static_cast<double>(rows)) break;
    (slope.first > 0.0 ? low : high) = temperature;
    double next = temperature - slope.first / slope.second;
    if (!(slope.second < 0.0 && low < next && next < high)) next = std::sqrt(low * high);
    const double change = std::abs(next - temperature);
    temperature = next;
    if (change <= kTemperaturePrecision * temperature) break;
  }
  return temperature;
}

// One expectation-maximisation step for the noise matrix, on the rows used.
Matrix refitted(const Matrix& noise, const Sample& sample, const std::vector<std::uint8_t>& used) {
  Matrix sums(noise.size);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (used[i] == 0) continue;
    const std::size_t given = sample.given_of(i);
    std::array<double, kShortlist> q;
    double sum = 0.0;
    for (std::size_t z = 0; z < sample.width(); ++z)
      sum += q[z] = noise(given, sample.class_of(i, z)) * sample.weight(i, z);
    for (std::size_t z = 0; z < sample.width(); ++z)
      sums(given, sample.class_of(i, z)) += q[z] / sum;
  }
  const Matrix seen = with_random_part(shares(sums, noise));
  Matrix out = noise;  // kept where no row has weight
  for (std::size_t z = 0; z < noise.size; ++z) {
    bool any = false;
    for (std::size_t g = 0; g < noise.size; ++g) any |= sums(g, z) > 0.0;
    for (std::size_t g = 0; any && g < noise.size; ++g) out(g, z) = seen(g, z);
  }
  return out;
}

std::vector<double> diagonal(const Matrix& m) {
  std::vector<double> d(m.size);
  for (std::size_t k = 0; k < m.size; ++k) d[k] = m(k, k);
  return d;
}

// Fits models to a sample of a matrix. One at a time: the sample is worked on in place.
template <typename T>
class Fit {
 public:
  Fit(MatrixView<T> probs, const LabelsView& labels, const Matrix& one_shot,
      const Execution& execution)
      : probs_(probs),
        one_shot_(one_shot),
        execution_(execution),
        sample_(drawn(probs, labels, std::max(kSampleRows, kSampleRowsPerClass * probs.cols))),
        part_(sample_.part(std::max(kTemperatureRows, kTemperatureRowsPerClass * probs.cols))) {}

  // Probabilities measured by the confident thresholds.
  NoiseModel by_thresholds(std::span<const double> thresholds) {
    list(thresholds);
    Matrix noise = refined(thresholds, one_shot_, false);
    noise = refined(thresholds, noise, true);
    const double temperature = sharpened_temperature(thresholds, noise);
    return {{thresholds.begin(), thresholds.end()}, std::move(noise), temperature};
  }

  // Probabilities measured by their peaks: what a class's probability comes to where it is the true
  // one, the share of its examples that are labelled so.
  NoiseModel by_peaks() {
    std::vector<double> scale(probs_.cols, 1.0);
    list(scale);
    Matrix noise = refined(scale, one_shot_, false);
    scale = diagonal(noise);
    list(scale);
    noise = refined(scale, noise, true);
    scale = diagonal(noise);
    list(scale);
    const double temperature = sharpened_temperature(scale, noise);
    return {std::move(scale), std::move(noise), temperature};
  }

  // Mean logarithm of the probability of a given label. Requires that the model was fitted last.
  double log_likelihood(const NoiseModel& model) {
    const TrueClassTables tables(model.thresholds, model.noise_matrix);
    weigh(tables, true, sample_);
    sample_.temper(model.temperature);
    std::vector<double> rates(sample_.weights.size());
    sample_.rows(0, sample_.size()).label_rates(tables, rates.data());
    const auto log = active_kernels().log;
    double sum = 0.0;
    for (std::size_t i = 0; i < sample_.size(); ++i) {
      double likelihood = 0.0;
      for (std::size_t z = 0; z < sample_.width(); ++z)
        likelihood += rates[tile_index(i, z, sample_.width())] * sample_.weight(i, z);
      sum += log(std::max(likelihood, kLowestLikelihood));
    }
    return sum / static_cast<double>(sample_.size());
  }

 private:
  void list(std::span<const double> scale) {
    const TrueClassTables tables(scale, one_shot_);
    for (Sample* sample : {&sample_, &part_})
      for_each_part(probs_, execution_, *sample,
                    [&](const TrueClassRows& rows, const T* const* pointers) {
                      rows.shortlist(pointers, tables);
                    });
  }

  void weigh(const TrueClassTables& tables, bool unmix, Sample& sample) {
    for_each_part(probs_, execution_, sample,
                  [&](const TrueClassRows& rows, const T* const* pointers) {
                    rows.weigh(pointers, tables, unmix);
                  });
  }

  // The noise matrix counted on the confident rows; `unmix` by the noise known so far.
  Matrix refined(std::span<const double> scale, const Matrix& noise, bool unmix) {
    weigh(TrueClassTables(scale, noise), unmix, sample_);
    return blended(shares(ConfidentRows(sample_).counts, one_shot_), one_shot_, kRefinedShare);
  }

  double fitted_temperature(std::span<const double> scale, const Matrix& noise) {
    const TrueClassTables tables(scale, noise);
    weigh(tables, true, part_);
    return best_temperature(part_, tables);
  }

  // Fitted twice: the noise that a temperature is fitted against must not hold confusions that the
  // temperature explains.
  double sharpened_temperature(std::span<const double> scale, const Matrix& noise) {
    const double first = fitted_temperature(scale, noise);
    weigh(TrueClassTables(scale, noise), true, sample_);
    sample_.temper(first);
    const ConfidentRows confident(sample_);
    Matrix refit = with_random_part(shares(confident.counts, one_shot_));
    for (int k = 0; k < kRefits; ++k) refit = refitted(refit, sample_, confident.is_member);
    return fitted_temperature(scale, refit);
  }

  MatrixView<T> probs_;
  const Matrix& one_shot_;
  const Execution& execution_;
  Sample sample_;
  Sample part_;  // for temperatures
};

}  // namespace

template <typename T>
NoiseModel fit_noise_model(MatrixView<T> probs, const LabelsView& labels,
                           std::span<const double> thresholds, const SquareMatrix<double>& joint,
                           const Execution& execution) {
  if (probs.rows == 0 || thresholds.size() != probs.cols || joint.size != probs.cols)
    throw std::invalid_argument("a noise model needs rows, and counts that fit the matrix");
  const Matrix one_shot = shares(joint, identity(joint.size));
  Fit<T> fit(probs, labels, one_shot, execution);
  NoiseModel by_thresholds = fit.by_thresholds(thresholds);
  const double likelihood = fit.log_likelihood(by_thresholds);
  NoiseModel by_peaks = fit.by_peaks();
  const bool better = fit.log_likelihood(by_peaks) > likelihood + kFlatSlope;
  return better ? by_peaks : by_thresholds;
}

#define CUPEL_INSTANTIATE(T)                                                                     \
  template NoiseModel fit_noise_model(MatrixView<T>, const LabelsView&, std::span<const double>, \
                                      const SquareMatrix<double>&, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
