#include "core/regression/distance_series.hpp"

#include <cmath>
#include <complex>

namespace cupel::regression {
namespace {

constexpr std::size_t kDegree = DistanceSeries::kDegree;

// c_0 ... c_kDegree of (1 - z)^(1/2).
constexpr std::array<double, kDegree + 1> root_coefficients() {
  std::array<double, kDegree + 1> c{1.0};
  for (std::size_t a = 1; a <= kDegree; ++a)
    c[a] = c[a - 1] * (static_cast<double>(a) - 1.5) / static_cast<double>(a);
  return c;
}

constexpr auto kRoot = root_coefficients();

}  // namespace

DistanceSeries::DistanceSeries(std::span<const double> x, std::span<const double> y,
                               double center_x, double center_y, double radius)
    : center_x_(center_x), center_y_(center_y), scale_(radius > 0.0 ? radius : 1.0) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double re = (x[i] - center_x_) / scale_;
    const double im = (y[i] - center_y_) / scale_;
    const double norm = re * re + im * im;
    std::array<double, kDegree / 2 + 1> norms{1.0};
    for (std::size_t a = 1; a < norms.size(); ++a) norms[a] = norms[a - 1] * norm;
    std::array<Term, kDegree + 1> powers{Term{1.0, 0.0}};  // of conj(s)
    for (std::size_t d = 1; d <= kDegree; ++d) {
      const Term p = powers[d - 1];
      powers[d] = {p.re * re + p.im * im, p.im * re - p.re * im};
    }
    Term* term = terms_.data();
    for (std::size_t d = kDegree + 1; d-- > 0;)
      for (std::size_t a = (kDegree - d) / 2 + 1; a-- > 0; ++term) {
        term->re += norms[a] * powers[d].re;
        term->im += norms[a] * powers[d].im;
      }
  }
  Term* term = terms_.data();
  for (std::size_t d = kDegree + 1; d-- > 0;)
    for (std::size_t a = (kDegree - d) / 2 + 1; a-- > 0; ++term) {
      const double factor = kRoot[a] * kRoot[a + d] * (d > 0 ? 2.0 : 1.0);
      term->re *= factor;
      term->im *= factor;
    }
}

void DistanceSeries::add_distances(const Places& x, const Places& y, Places& sums) const {
  Places distance, norm, re, im;  // of the place; |scale/w|^2; scale/conj(w)
  for (std::size_t j = 0; j < kPlaces; ++j) {
    const double wx = x[j] - center_x_;
    const double wy = y[j] - center_y_;
    distance[j] = std::sqrt(wx * wx + wy * wy);
    const double inverse = scale_ / distance[j];
    norm[j] = inverse * inverse;
    re[j] = wx / distance[j] * inverse;
    im[j] = wy / distance[j] * inverse;
  }
  Places total_re{}, total_im{};
  const Term* term = terms_.data();
  for (std::size_t d = kDegree + 1; d-- > 0;) {
    Places inner_re{}, inner_im{};
    for (std::size_t a = (kDegree - d) / 2 + 1; a-- > 0; ++term)
      for (std::size_t j = 0; j < kPlaces; ++j) {
        inner_re[j] = inner_re[j] * norm[j] + term->re;
        inner_im[j] = inner_im[j] * norm[j] + term->im;
      }
    for (std::size_t j = 0; j < kPlaces; ++j) {
      const double total = total_re[j];
      total_re[j] = total * re[j] - total_im[j] * im[j] + inner_re[j];
      total_im[j] = total * im[j] + total_im[j] * re[j] + inner_im[j];
    }
  }
  for (std::size_t j = 0; j < kPlaces; ++j) sums[j] += distance[j] * total_re[j];
}

}  // namespace cupel::regression
