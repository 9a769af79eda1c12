// The rows of a matrix as points of a metric space: exact distances in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/parallel.hpp"
#include "core/scalar.hpp"
#include "cupel/neighbors.hpp"

namespace cupel {

// Rows are numbered in 32 bits.
inline constexpr std::size_t kMaxRows = std::numeric_limits<std::uint32_t>::max() - 64;

template <typename T>
void require_rows(MatrixView<T> features, const char* name) {
  if (features.rows > kMaxRows)
    throw std::invalid_argument(std::string(name) + " has more than 2^32 - 65 rows");
}

// Sums of squares, square roots and normalized coordinates in float64 are this exact, relatively;
// far more than enough.
inline constexpr double kSlack = 1.0 + 1e-9;

// How squared distances of scaled points become what is reported.
struct Reported {
  Metric metric = Metric::kEuclidean;
  double unscale = 1.0;

  double operator()(double squared) const {
    return metric == Metric::kCosine ? squared / 2 : std::sqrt(squared) * unscale;
  }

  // The reverse: no square above it is reported as `distance` or less, float64 rounding included.
  [[nodiscard]] double squared_limit(double distance) const {
    const double scaled = distance / unscale;
    return (metric == Metric::kCosine ? 2 * distance : scaled * scaled) * kSlack;
  }
};

// One pass that reads all features.
template <typename T>
RowPass pass_over(MatrixView<T> features, const Execution& execution) {
  const std::size_t row_bytes = features.cols * sizeof(T);
  return RowPass(execution, features.rows, row_bytes, row_bytes);
}

// A power of two that brings numbers of at most `magnitude` to where squares neither overflow nor
// vanish; 1 for all but extreme float64 input.
inline double safe_power(double magnitude) {
  if (!(magnitude > 0) || !std::isfinite(magnitude)) return 1.0;
  const int exponent = std::ilogb(magnitude);
  return exponent > 500 || exponent < -400 ? std::ldexp(1.0, std::clamp(-exponent, -1022, 1022))
                                           : 1.0;
}

// A number as a coordinate of a point.
template <typename T>
double scaled(T value, RowScale scale) {
  return static_cast<double>(to_compute(value)) * scale.power * scale.factor;
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
  const RowPass pass = pass_over(features, execution);
  std::vector<double> largest(features.rows / pass.grain + 1, 0.0);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    double& own = largest[begin / pass.grain];
                    for (std::size_t i = begin; i < end; ++i)
                      own = std::max(own, largest_magnitude(features.row(i), features.cols));
                  });
  return *std::max_element(largest.begin(), largest.end());
}

// Reads the caller's matrix where it lies; the view must outlive it. Thread-safe to read.
template <typename T>
class Points {
 public:
  // `magnitude` is the largest of all values that are going to be compared with each other.
  Points(MatrixView<T> features, Metric metric, double magnitude, const Execution& execution)
      : features_(features),
        kernel_(kernels_of<T>().squared_distance),
        coarse_kernel_(kernels_of<T>().coarse_squared_distance) {
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

  // Quickly whether two points are farther apart than `squared`, which is then true; false decides
  // nothing. In float32 if that is how they are stored: what rounding of the coordinates (of
  // normalized rows, whose norm is 1) and of the sum takes away is given to `squared`.
  [[nodiscard]] Compute<T> beyond(double squared) const {
    using C = Compute<T>;
    const double unit = static_cast<double>(std::numeric_limits<C>::epsilon());
    const double moved = factors_.empty() ? 0.0 : 4.0 * unit;
    const double farthest = std::sqrt(squared) + moved;
    const double sum = farthest * farthest * (1.0 + (static_cast<double>(cols()) + 32.0) * unit);
    return std::nextafter(static_cast<C>(sum), std::numeric_limits<C>::infinity());
  }
  [[nodiscard]] bool are_beyond(std::size_t i, std::size_t j, Compute<T> beyond) const {
    const auto factor = [&](std::size_t row) {
      const RowScale s = scale(row);
      return static_cast<Compute<T>>(s.power * s.factor);
    };
    return coarse_kernel_(row(i), factor(i), row(j), factor(j), cols(), beyond) > beyond;
  }

 private:
  void normalize(const Execution& execution) {
    factors_.resize(features_.rows);
    if (sizeof(T) == sizeof(double)) powers_.assign(features_.rows, 1.0);
    const RowPass pass = pass_over(features_, execution);
    parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
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
  Compute<T> (*coarse_kernel_)(const T*, Compute<T>, const T*, Compute<T>, std::size_t, Compute<T>);
  Reported reported_;
  RowScale common_;
  std::vector<double> factors_;  // 1 / norm, for the cosine
  std::vector<double> powers_;   // for the cosine of float64 only
  double radius_ = 0.0;
};

}  // namespace cupel
