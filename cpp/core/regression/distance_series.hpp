// The sum of distances to many far points, from a few numbers about them.
//
// Points are complex numbers. With s a point relative to the centre and w the place asked about,
//   |w - s| = |w| (1 - s/w)^(1/2) (1 - conj(s/w))^(1/2)
//           = |w| sum over a, b of c_a c_b (s/w)^a conj(s/w)^b,   c_a = (-1)^a binomial(1/2, a),
// so that a sum over points needs their moments M_ab = sum of s^a conj(s)^b alone. The terms of
// degree a + b = n add up to the Gegenbauer polynomial C_n^(-1/2) of the angle, times |s/w|^n. It
// is (P_{n-2} - P_n) / (2n - 1) in Legendre polynomials, at most 2 / (2n - 1). Cut after degree q,
// with |s/w| <= t, a distance is wrong by at most |w| 2/(2q + 1) t^(q+1) / (1 - t); |w| is at most
// the distance / (1 - t). For q = 11 and t = 1/4 that is 9.3e-9 of the distance.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace cupel::regression {

class DistanceSeries {
 public:
  static constexpr std::size_t kDegree = 11;
  // How far, in units of the distance to the centre, the points may reach.
  static constexpr double kReach = 0.25;
  // Places are asked about by so many at a time.
  static constexpr std::size_t kPlaces = 16;
  using Places = std::array<double, kPlaces>;

  DistanceSeries() = default;
  // Requires that no point is farther than `radius` from the centre.
  DistanceSeries(std::span<const double> x, std::span<const double> y, double center_x,
                 double center_y, double radius);

  // Adds to sums[j] the distances from (x[j], y[j]) to all points. Requires that the points reach
  // no farther than kReach there.
  void add_distances(const Places& x, const Places& y, Places& sums) const;

 private:
  // One complex term for every a and d with 2a + d <= kDegree: M_{a,a+d} with its factors.
  static constexpr std::size_t kTerms = (kDegree / 2 + 1) * ((kDegree + 1) / 2 + 1);
  struct Term {
    double re, im;
  };

  std::array<Term, kTerms> terms_{};  // by d, then a, both descending: as they are used
  double center_x_ = 0.0, center_y_ = 0.0;
  double scale_ = 1.0;  // points are in units of this
};

}  // namespace cupel::regression
