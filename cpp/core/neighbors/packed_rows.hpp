// Points in float32, centred and laid out for the panel kernel, with a bound for what float32
// loses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "core/neighbors/points.hpp"

namespace cupel {

inline constexpr double kUnitRoundoff = 0x1p-24;  // of float32
inline constexpr int kTopExponent = 58;           // packed norms reach 2^58, squared norms 2^116

// Distances do not change when all points move, and rounding errors grow with the distance from the
// origin. So points move to their mean (of a sample) and are scaled by a power of two to the middle
// of float32's range.
struct Frame {
  std::vector<double> mean;
  double scale = 1.0;

  template <typename T>
  static Frame around(const Points<T>& points);

  // Writes a point of `cols` coordinates as the packed rows have it.
  template <typename T>
  void write(const Points<T>& points, std::size_t row, float* out) const;
};

// How far closeness (= -|a - b|^2 / 2 of packed points) from the panel kernel may be from the
// truth.
//
// With u = 2^-24, and a, b the norms of the packed points: rounding the coordinates moves each
// point by at most u times its norm, which changes closeness by at most 2u(a^2 + b^2) to first
// order; the products' sum has an error of at most d u a b / (1 - d u) (Higham, Accuracy and
// Stability of Numerical Algorithms, 2nd ed., section 3.1); the two half norms, their sum and the
// difference are each rounded once. All of it is below relative * (a^2 + b^2) + absolute, where the
// second term is for underflow.
class FilterError {
 public:
  explicit FilterError(std::size_t depth);

  // Whoever's closeness to a point of squared norm `norm2` is below the returned value in the
  // filter is in truth farther than the given true half squared distance. (Since b <= a + distance,
  // the bound does not need to know b.)
  [[nodiscard]] float cut(double norm2, double half_squared) const;

  // The reverse: whatever the filter left out below `closeness` has at least this half squared
  // distance in truth; may be negative.
  [[nodiscard]] double proven_half_squared(double norm2, float closeness) const;

 private:
  double relative_;
  double absolute_;
};

class PackedRows {
 public:
  // Writes row i and returns what its squared norm is to be beyond that of its coordinates.
  using RowWriter = std::function<double(std::size_t i, float* out)>;

  PackedRows(std::size_t size, std::size_t depth, const RowWriter& write,
             const Execution& execution);

  // Packs points `rows[0], rows[1], ...` in this order. O(rows * cols).
  template <typename T>
  PackedRows(const Points<T>& points, std::span<const std::uint32_t> rows, const Frame& frame,
             const Execution& execution);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t panels() const { return (size_ + width_ - 1) / width_; }
  [[nodiscard]] const float* panel(std::size_t i) const {
    return data_.get() + i * width_ * depth_;
  }
  // Padded to whole panels with infinity, which keeps the padding away from everything.
  [[nodiscard]] const float* half_norms() const { return half_norms_.data(); }
  // An upper bound for the squared norm.
  [[nodiscard]] double norm2(std::size_t i) const {
    return 2.0 * static_cast<double>(half_norms_[i]) * (1.0 + 1e-6);
  }

 private:
  struct Release {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::size_t size_;
  std::size_t depth_;
  std::size_t width_;
  std::unique_ptr<float[], Release> data_;
  std::vector<float> half_norms_;
};

}  // namespace cupel
