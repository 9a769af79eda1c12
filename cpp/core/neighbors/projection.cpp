#include "core/neighbors/projection.hpp"

#include <algorithm>
#include <cmath>

#include "core/neighbors/partition.hpp"

namespace cupel {
namespace {

constexpr std::size_t kSample = 2048;
constexpr std::size_t kMostDirections = 192;
constexpr int kIterations = 2;
constexpr std::size_t kStep = 16;  // directions are counted in steps

// Evenly spread rows in the frame, each of at most unit length.
template <typename T>
std::vector<float> sample_rows(const Points<T>& points, std::span<const std::uint32_t> rows,
                               const Frame& frame, std::span<const std::uint32_t> chosen) {
  std::vector<float> sample(chosen.size() * points.cols());
  for (std::size_t s = 0; s < chosen.size(); ++s)
    frame.write(points, rows[chosen[s]], sample.data() + s * points.cols());
  for (float& value : sample) value *= static_cast<float>(std::ldexp(1.0, -kTopExponent));
  return sample;
}

}  // namespace

std::vector<std::uint32_t> observers_of(std::size_t rows) {
  Random random(1);
  return spread_sample(rows, kObservers, random);
}

std::size_t Projection::padded() const {
  return (directions_ + kBasisPadding - 1) / kBasisPadding * kBasisPadding;
}

// Orthogonal iteration: Golub and Van Loan, Matrix Computations, 4th ed., section 8.2.4.
template <typename T>
Projection::Projection(const Points<T>& points, std::span<const std::uint32_t> rows,
                       const Frame& frame)
    : depth_(points.cols()),
      directions_(std::min(kMostDirections, points.cols() * 3 / 4) / kStep * kStep) {
  Random random(0);
  const std::vector<std::uint32_t> chosen =
      spread_sample(rows.size(), std::min(rows.size(), kSample), random);
  const std::vector<float> sample = sample_rows(points, rows, frame, chosen);
  const PanelKernels& kernels = active_kernels().panels;
  const std::size_t width = padded();
  basis_.assign(depth_ * width, 0.0f);
  for (std::size_t q = 0; q < directions_; ++q)  // rows lie where the spread is
    for (std::size_t c = 0; c < depth_; ++c)
      basis_[c * width + q] = sample[(q * chosen.size() / directions_) * depth_ + c];
  orthonormalize(1);
  std::vector<float> coordinates(width);
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    std::vector<float> sums(basis_.size(), 0.0f);
    for (std::size_t s = 0; s < chosen.size(); ++s) {
      const float* x = sample.data() + s * depth_;
      kernels.project(x, depth_, basis_.data(), width, coordinates.data());
      kernels.add_outer_product(x, depth_, coordinates.data(), width, sums.data());
    }
    basis_ = std::move(sums);
    orthonormalize(iteration + 1 < kIterations ? 1 : 2);
  }
}

// Modified Gram-Schmidt; directions that vanish become zero. A second pass mends what cancels.
void Projection::orthonormalize(int passes) {
  const std::size_t width = padded();
  std::vector<std::vector<double>> columns(directions_, std::vector<double>(depth_));
  for (std::size_t q = 0; q < directions_; ++q) {
    std::vector<double>& own = columns[q];
    for (std::size_t c = 0; c < depth_; ++c) own[c] = static_cast<double>(basis_[c * width + q]);
    double before = 0.0;
    for (const double x : own) before += x * x;
    for (int pass = 0; pass < passes; ++pass)
      for (std::size_t p = 0; p < q; ++p) {
        double product = 0.0;
        for (std::size_t c = 0; c < depth_; ++c) product += own[c] * columns[p][c];
        for (std::size_t c = 0; c < depth_; ++c) own[c] -= product * columns[p][c];
      }
    double after = 0.0;
    for (const double x : own) after += x * x;
    const double factor = after > 1e-20 * before && after > 0 ? 1.0 / std::sqrt(after) : 0.0;
    for (std::size_t c = 0; c < depth_; ++c) {
      own[c] *= factor;
      basis_[c * width + q] = static_cast<float>(own[c]);
    }
  }
}

// Costs are in columns of the panel kernel per pair of rows. A pair that the bound lets through
// costs cache misses, and arithmetic at about a third of the kernel's rate.
template <typename T>
std::size_t Projection::cheapest(const Points<T>& points, std::span<const std::uint32_t> rows,
                                 const Frame& frame, std::span<const std::uint32_t> observers,
                                 std::span<const double> half_squared) const {
  const std::size_t n = observers.size();
  const std::vector<std::size_t> near =
      count_near(project_all(sample_rows(points, rows, frame, observers), n), n, half_squared);
  const auto depth = static_cast<double>(depth_);
  const double pairs = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  double lowest = 0.75 * depth;  // less is not worth the preparation
  std::size_t best = 0;
  for (std::size_t step = 0; step < near.size(); ++step) {
    const auto directions = static_cast<double>((step + 1) * kStep);
    const double cost =
        directions + static_cast<double>(near[step]) / pairs * (1500.0 + 3.0 * depth);
    if (cost < lowest) {
      lowest = cost;
      best = (step + 1) * kStep;
    }
  }
  return best;
}

std::vector<float> Projection::project_all(const std::vector<float>& rows, std::size_t n) const {
  const std::size_t width = padded();
  std::vector<float> projected(n * width);
  for (std::size_t i = 0; i < n; ++i)
    active_kernels().panels.project(rows.data() + i * depth_, depth_, basis_.data(), width,
                                    projected.data() + i * width);
  return projected;
}

// For every step of directions: how many pairs are nearer than one of them looks.
std::vector<std::size_t> Projection::count_near(const std::vector<float>& projected, std::size_t n,
                                                std::span<const double> half_squared) const {
  const std::size_t width = padded();
  std::vector<std::size_t> near(directions_ / kStep);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const float* x = projected.data() + i * width;
      const float* y = projected.data() + j * width;
      const double limit =
          2.0 * std::ldexp(std::max(half_squared[i], half_squared[j]), -2 * kTopExponent);
      double squared = 0.0;
      for (std::size_t q = 0; q < directions_; ++q) {
        const double difference = static_cast<double>(x[q]) - static_cast<double>(y[q]);
        squared += difference * difference;
        if (q % kStep == kStep - 1 && squared <= limit) ++near[q / kStep];
      }
    }
  return near;
}

template <typename T>
PackedRows Projection::pack(const Points<T>& points, std::span<const std::uint32_t> rows,
                            const Frame& frame, std::size_t count, std::vector<float>& norms2,
                            const Execution& execution) const {
  const auto project = active_kernels().panels.project;
  const std::size_t width = padded();
  norms2.resize(rows.size());
  return PackedRows(
      rows.size(), count,
      [&](std::size_t i, float* out) {
        std::vector<float> row(depth_ + width);
        frame.write(points, rows[i], row.data());
        double norm2 = 0.0;
        for (std::size_t j = 0; j < depth_; ++j)
          norm2 += static_cast<double>(row[j]) * static_cast<double>(row[j]);
        norms2[i] = static_cast<float>(norm2 * (1.0 + 1e-6));
        project(row.data(), depth_, basis_.data(), width, row.data() + depth_);
        std::copy_n(row.data() + depth_, count, out);
        return 0.0;
      },
      execution);
}

// For P the directions: |P x - P y|^2 <= s^2 |x - y|^2, where s^2 is the largest row sum of |P P^T|
// (Gershgorin). Each coordinate is a chain of `depth` multiply-adds, so its error is at most
// g |p| |x| with g = d u / (1 - d u), and that of all of them sqrt(count) times as much; packing x
// itself moved it by u |x|.
Projection::Bound::Bound(const Projection& projection, std::size_t count) {
  const std::size_t width = projection.padded();
  const auto depth = static_cast<double>(projection.depth_);
  std::vector<double> row_sums(count, 0.0);
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t q = 0; q <= p; ++q) {
      double product = 0.0;
      for (std::size_t c = 0; c < projection.depth_; ++c)
        product += static_cast<double>(projection.basis_[c * width + p]) *
                   static_cast<double>(projection.basis_[c * width + q]);
      row_sums[p] += std::abs(product);
      if (q < p) row_sums[q] += std::abs(product);
    }
  stretch_ = std::sqrt(*std::max_element(row_sums.begin(), row_sums.end())) * (1.0 + 1e-9);
  const double chain = depth * kUnitRoundoff / (1.0 - depth * kUnitRoundoff);
  error_ = stretch_ * (std::sqrt(static_cast<double>(count)) * chain + 2.0 * kUnitRoundoff);
}

// With D the true distance, a = |x| and |y| <= a + D: the projected distance is at most
// s D + e (a + a + D).
double Projection::Bound::operator()(double norm2, double half_squared) const {
  const double distance = std::sqrt(2.0 * half_squared);
  const double projected = (stretch_ + error_) * distance + 2.0 * error_ * std::sqrt(norm2);
  return projected * projected / 2.0;
}

#define CUPEL_INSTANTIATE(T)                                                                       \
  template Projection::Projection(const Points<T>&, std::span<const std::uint32_t>, const Frame&); \
  template std::size_t Projection::cheapest(const Points<T>&, std::span<const std::uint32_t>,      \
                                            const Frame&, std::span<const std::uint32_t>,          \
                                            std::span<const double>) const;                        \
  template PackedRows Projection::pack(const Points<T>&, std::span<const std::uint32_t>,           \
                                       const Frame&, std::size_t, std::vector<float>&,             \
                                       const Execution&) const;
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
