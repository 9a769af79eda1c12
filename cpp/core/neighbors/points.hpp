// The rows of a matrix as points of a metric space: exact distances in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/cpu.hpp"
#include "core/parallel.hpp"
#include "core/scalar.hpp"
#include "cupel/neighbors.hpp"

namespace cupel {

// How squared distances of scaled points become what is reported.
struct Reported {
  Metric metric = Metric::kEuclidean;
  double unscale = 1.0;

  double operator()(double squared) const {
    return metric == Metric::kCosine ? squared / 2 : std::sqrt(squared) * unscale;
  }

  // The reverse, up to rounding.
  [[nodiscard]] double squared(double distance) const {
    const double scaled = distance / unscale;
    return metric == Metric::kCosine ? 2 * distance : scaled * scaled;
  }
};

// A power of two that brings numbers of at most `magnitude` to where squares neither overflow nor
// vanish; 1 for all but extreme float64 input.
inline double safe_power(double magnitude) {
  if (!(magnitude > 0) || !std::isfinite(magnitude)) return 1.0;
  const int exponent = std::ilogb(magnitude);
  return exponent > 400 || exponent < -300 ? std::ldexp(1.0, std::clamp(-exponent, -1022, 1022))
                                           : 1.0;
}

template <typename T>
double largest_magnitude(const T* row, std::size_t cols) {
  Compute<T> largest = 0;
  for (std::size_t j = 0; j < cols; ++j)
    largest = std::max(largest, static_cast<Compute<T>>(std::abs(to_compute(row[j]))));
  return static_cast<double>(largest);
}

template <typename T>
double largest_magnitude(MatrixView<T> features, const Execution& execution) {
  constexpr std::size_t grain = 1024;
  const std::size_t blocks = (features.rows + grain - 1) / grain;
  std::vector<double> largest(blocks, 0.0);
  const std::size_t bytes = features.rows * features.cols * sizeof(T);
  parallel_blocks(execution, worker_count(execution, blocks, bytes), features.rows, grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    double& own = largest[begin / grain];
                    for (std::size_t i = begin; i < end; ++i)
                      own = std::max(own, largest_magnitude(features.row(i), features.cols));
                  });
  return blocks == 0 ? 0.0 : *std::max_element(largest.begin(), largest.end());
}

// Reads the caller's matrix where it lies; the view must outlive it. Thread-safe to read.
template <typename T>
class Points {
 public:
  // `magnitude` is the largest of all values that are going to be compared with each other.
  Points(MatrixView<T> features, Metric metric, double magnitude, const Execution& execution)
      : features_(features), kernel_(kernels_of<T>().squared_distance) {
    reported_.metric = metric;
    if (metric == Metric::kEuclidean) {
      const double power = sizeof(T) == sizeof(double) ? safe_power(magnitude) : 1.0;
      common_ = {power, 1.0};
      reported_.unscale = 1.0 / power;
      radius_ = 2.0 * std::sqrt(static_cast<double>(features.cols)) * magnitude * power;
    } else {
      radius_ = 2.0;
      normalize(execution);
    }
  }

  [[nodiscard]] std::size_t size() const { return features_.rows; }
  [[nodiscard]] std::size_t cols() const { return features_.cols; }
  [[nodiscard]] const T* row(std::size_t i) const { return features_.row(i); }
  [[nodiscard]] const Reported& reported() const { return reported_; }

  [[nodiscard]] RowScale scale(std::size_t i) const {
    if (factors_.empty()) return common_;
    return {powers_.empty() ? 1.0 : powers_[i], factors_[i]};
  }

  // No scaled point is farther from the points' mean than this.
  [[nodiscard]] double radius() const { return radius_; }

  // A zero vector under the cosine, which has no direction.
  [[nodiscard]] bool is_zero(std::size_t i) const { return !factors_.empty() && factors_[i] == 0; }

  // Squared distance of scaled points; infinite instead of nan.
  [[nodiscard]] double squared(std::size_t i, const Points& other, std::size_t j) const {
    double d = kernel_(row(i), scale(i), other.row(j), other.scale(j), cols());
    if (is_zero(i) != other.is_zero(j)) d += 1.0;
    return d >= 0 ? d : std::numeric_limits<double>::infinity();
  }
  [[nodiscard]] double squared(std::size_t i, std::size_t j) const { return squared(i, *this, j); }

 private:
  void normalize(const Execution& execution) {
    factors_.resize(features_.rows);
    if (sizeof(T) == sizeof(double)) powers_.assign(features_.rows, 1.0);
    constexpr std::size_t grain = 1024;
    const std::size_t bytes = features_.rows * features_.cols * sizeof(T);
    parallel_blocks(execution, worker_count(execution, (features_.rows + grain - 1) / grain, bytes),
                    features_.rows, grain, [&](std::size_t, std::size_t begin, std::size_t end) {
                      for (std::size_t i = begin; i < end; ++i) {
                        RowScale s;
                        if (sizeof(T) == sizeof(double))
                          s.power = powers_[i] = safe_power(largest_magnitude(row(i), cols()));
                        const double norm =
                            std::sqrt(kernel_(row(i), s, row(i), {1.0, 0.0}, cols()));
                        factors_[i] = norm > 0 && std::isfinite(norm) ? 1.0 / norm : 0.0;
                      }
                    });
  }

  MatrixView<T> features_;
  double (*kernel_)(const T*, RowScale, const T*, RowScale, std::size_t);
  Reported reported_;
  RowScale common_;
  std::vector<double> factors_;  // 1 / norm, for the cosine
  std::vector<double> powers_;   // for the cosine of float64 only
  double radius_ = 0.0;
};

}  // namespace cupel
