#include "core/neighbors/projection.hpp"

#include <algorithm>
#include <cmath>

#include "core/neighbors/partition.hpp"

namespace cupel {
namespace {

constexpr std::size_t kSample = 1024;
constexpr std::size_t kObservers = 128;  // rows of the sample that are compared with all of it
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

std::vector<std::uint32_t> evenly(std::size_t n) {
  Random random(0);
  return spread_sample(n, std::min(n, kSample), random);
}

}  // namespace

std::size_t Projection::padded() const {
  return (directions_ + kBasisPadding - 1) / kBasisPadding * kBasisPadding;
}

// Orthogonal iteration: Golub and Van Loan, Matrix Computations, 4th ed., section 8.2.4.
template <typename T>
Projection::Projection(const Points<T>& points, std::span<const std::uint32_t> rows,
                       const Frame& frame, std::size_t most)
    : depth_(points.cols()), directions_(most / kStep * kStep) {
  const std::vector<std::uint32_t> chosen = evenly(rows.size());
  const std::vector<float> sample = sample_rows(points, rows, frame, chosen);
  const PanelKernels& kernels = active_kernels().panels;
  const std::size_t width = padded();
  basis_.assign(depth_ * width, 0.0f);
  for (std::size_t q = 0; q < directions_; ++q)  // rows lie where the spread is
    for (std::size_t c = 0; c < depth_; ++c)
      basis_[c * width + q] = sample[(q * chosen.size() / directions_) * depth_ + c];
  orthonormalize();
  std::vector<float> coordinates(width);
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    std::vector<float> sums(basis_.size(), 0.0f);
    for (std::size_t s = 0; s < chosen.size(); ++s) {
      const float* x = sample.data() + s * depth_;
      kernels.project(x, depth_, basis_.data(), width, coordinates.data());
      kernels.add_outer_product(x, depth_, coordinates.data(), width, sums.data());
    }
    basis_ = std::move(sums);
    orthonormalize();
  }
}

// Modified Gram-Schmidt, twice for what cancels; directions that vanish stay zero.
void Projection::orthonormalize() {
  const std::size_t width = padded();
  std::vector<std::vector<double>> columns(directions_, std::vector<double>(depth_));
  for (std::size_t q = 0; q < directions_; ++q) {
    std::vector<double>& own = columns[q];
    for (std::size_t c = 0; c < depth_; ++c) own[c] = static_cast<double>(basis_[c * width + q]);
    double before = 0.0;
    for (const double x : own) before += x * x;
    for (int pass = 0; pass < 2; ++pass)
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
// costs a cache miss or two, and float64 arithmetic at about a fifth of the kernel's rate.
template <typename T>
std::size_t Projection::cheapest(const Points<T>& points, std::span<const std::uint32_t> rows,
                                 const Frame& frame,
                                 const std::function<double(std::size_t)>& half_squared) const {
  const std::vector<std::uint32_t> chosen = evenly(rows.size());
  const std::vector<float> sample = sample_rows(points, rows, frame, chosen);
  const std::size_t width = padded();
  std::vector<float> projected(chosen.size() * width);
  std::vector<double> limits(chosen.size());
  for (std::size_t s = 0; s < chosen.size(); ++s) {
    active_kernels().panels.project(sample.data() + s * depth_, depth_, basis_.data(), width,
                                    projected.data() + s * width);
    limits[s] = 2.0 * std::ldexp(half_squared(chosen[s]), -2 * kTopExponent);
  }
  std::vector<std::size_t> survivors(directions_ / kStep);
  const std::size_t observers = std::min(kObservers, chosen.size());
  for (std::size_t o = 0; o < observers; ++o)
    for (std::size_t s = observers; s < chosen.size(); ++s) {
      const float* x = projected.data() + o * width;
      const float* y = projected.data() + s * width;
      double squared = 0.0;
      for (std::size_t q = 0; q < directions_; ++q) {
        const double difference = static_cast<double>(x[q]) - static_cast<double>(y[q]);
        squared += difference * difference;
        if (q % kStep == kStep - 1 && squared <= std::max(limits[o], limits[s]))
          ++survivors[q / kStep];
      }
    }
  const auto depth = static_cast<double>(depth_);
  const auto pairs =
      static_cast<double>(std::max<std::size_t>(1, observers * (chosen.size() - observers)));
  std::size_t best = 0;
  double lowest = depth;
  for (std::size_t step = 0; step < survivors.size(); ++step) {
    const double share = static_cast<double>(survivors[step]) / pairs;
    const double cost = static_cast<double>((step + 1) * kStep) + share * (1000.0 + 5.0 * depth);
    if (cost < lowest) {
      lowest = cost;
      best = (step + 1) * kStep;
    }
  }
  return lowest < 0.85 * depth ? best : 0;
}

template <typename T>
PackedRows Projection::pack(const Points<T>& points, std::span<const std::uint32_t> rows,
                            const Frame& frame, std::size_t count,
                            const Execution& execution) const {
  const auto project = active_kernels().panels.project;
  const std::size_t width = padded();
  return PackedRows(
      rows.size(), count,
      [&](std::size_t i, float* out) {
        std::vector<float> row(depth_ + width);
        frame.write(points, rows[i], row.data());
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

#define CUPEL_INSTANTIATE(T)                                                                      \
  template Projection::Projection(const Points<T>&, std::span<const std::uint32_t>, const Frame&, \
                                  std::size_t);                                                   \
  template std::size_t Projection::cheapest(const Points<T>&, std::span<const std::uint32_t>,     \
                                            const Frame&,                                         \
                                            const std::function<double(std::size_t)>&) const;     \
  template PackedRows Projection::pack(const Points<T>&, std::span<const std::uint32_t>,          \
                                       const Frame&, std::size_t, const Execution&) const;
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
