#include "core/neighbors/packed_rows.hpp"

#include <cmath>

namespace cupel {
namespace {

constexpr std::size_t kMeanSample = 4096;

}  // namespace

template <typename T>
Frame Frame::around(const Points<T>& points) {
  Frame frame;
  frame.mean.assign(points.cols(), 0.0);
  const std::size_t step = std::max<std::size_t>(1, points.size() / kMeanSample);
  std::size_t count = 0;
  for (std::size_t i = 0; i < points.size(); i += step, ++count) {
    const T* row = points.row(i);
    const RowScale s = points.scale(i);
    for (std::size_t j = 0; j < points.cols(); ++j) frame.mean[j] += scaled(row[j], s);
  }
  for (double& m : frame.mean) m /= static_cast<double>(std::max<std::size_t>(1, count));
  if (points.radius() > 0 && std::isfinite(points.radius()))
    frame.scale =
        std::ldexp(1.0, std::clamp(kTopExponent - std::ilogb(points.radius()), -900, 900));
  return frame;
}

FilterError::FilterError(std::size_t depth) {
  const double d = static_cast<double>(depth);
  relative_ = kUnitRoundoff * (0.5 * d / (1.0 - d * kUnitRoundoff) + 6.0);
  absolute_ = d * 0x1p-80;
}

// With D^2/2 = h the true half squared distance, e the filter's closeness and b <= a + D:
// -h <= e + relative * (a^2 + (a + D)^2) + absolute <= e + relative * (3 a^2 + 4 h) + absolute.
float FilterError::cut(double norm2, double half_squared) const {
  const double cut =
      -(half_squared * (1.0 + 4.0 * relative_) + 3.0 * relative_ * norm2 + absolute_);
  return std::nextafter(static_cast<float>(cut), -std::numeric_limits<float>::infinity());
}

double FilterError::proven_half_squared(double norm2, float closeness) const {
  return (-static_cast<double>(closeness) - 3.0 * relative_ * norm2 - absolute_) /
         (1.0 + 4.0 * relative_);
}

template <typename T>
void Frame::write(const Points<T>& points, std::size_t row, float* out) const {
  const T* values = points.row(row);
  const RowScale s = points.scale(row);
  for (std::size_t j = 0; j < points.cols(); ++j)
    out[j] = static_cast<float>((scaled(values[j], s) - mean[j]) * scale);
}

PackedRows::PackedRows(std::size_t size, std::size_t depth, const RowWriter& write,
                       const Execution& execution)
    : size_(size), depth_(depth), width_(active_kernels().panels.width) {
  half_norms_.assign(panels() * width_, std::numeric_limits<float>::infinity());
  const std::size_t bytes = panels() * width_ * depth_ * sizeof(float);
  data_.reset(static_cast<float*>(::operator new[](bytes, std::align_val_t{64})));
  const auto pack = [&](std::size_t i, std::vector<float>& row) {
    const double beyond = write(i, row.data());
    float* out = data_.get() + i / width_ * width_ * depth_ + i % width_;
    double norm2 = 0.0;
    for (std::size_t j = 0; j < depth_; ++j) {
      out[j * width_] = row[j];
      norm2 += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    }
    half_norms_[i] = static_cast<float>((norm2 + beyond) / 2);
  };
  parallel_blocks(execution, worker_count(execution, panels(), bytes), panels(), 4,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    std::vector<float> row(depth_);
                    float* first = data_.get() + begin * width_ * depth_;
                    std::fill_n(first, (end - begin) * width_ * depth_, 0.0f);
                    for (std::size_t i = begin * width_; i < std::min(size_, end * width_); ++i)
                      pack(i, row);
                  });
}

template <typename T>
PackedRows::PackedRows(const Points<T>& points, std::span<const std::uint32_t> rows,
                       const Frame& frame, const Execution& execution)
    : PackedRows(
          rows.size(), points.cols(),
          [&](std::size_t i, float* out) {
            frame.write(points, rows[i], out);
            // A zero vector is at squared distance 2 from all unit vectors, not at 1.
            return points.is_zero(rows[i]) ? frame.scale * frame.scale : 0.0;
          },
          execution) {}

#define CUPEL_INSTANTIATE(T)                                                                      \
  template Frame Frame::around(const Points<T>&);                                                 \
  template void Frame::write(const Points<T>&, std::size_t, float*) const;                        \
  template PackedRows::PackedRows(const Points<T>&, std::span<const std::uint32_t>, const Frame&, \
                                  const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
