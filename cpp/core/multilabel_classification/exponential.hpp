// The exponential without branches or calls, so that compilers vectorise loops over it. Plain
// arithmetic: the same bits on every processor, unlike the C library's.
#pragma once

#include <bit>
#include <cstdint>

namespace cupel {

// exp(x) for x <= 0, within 2 ulp, and 0 below -746: x = n log 2 + r, and Taylor's series of
// exp(r), whose rest is below 2^-57 for |r| <= log(2) / 2. Its terms are paired (Estrin's scheme):
// one chain of them would wait for itself.
inline double exp_of(double x) {
  constexpr double lowest = -746.0;
  constexpr double to_whole = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds
  const double inside = x < lowest ? lowest : x;
  const double shifted = inside * 1.4426950408889634 + to_whole;
  const double n = shifted - to_whole;
  const double r = (inside - n * 0.69314718036912382) - n * 1.9082149292705877e-10;
  const double r2 = r * r;
  const double r4 = r2 * r2;
  const double r8 = r4 * r4;
  const double from_2 = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
  const double from_6 = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880));
  const double from_10 =
      (1.0 / 3628800 + r * (1.0 / 39916800)) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800));
  const double series = 1.0 + (r + r2 * ((from_2 + r4 * from_6) + r8 * from_10));
  // The last bits of `shifted` count n in ones. Subnormal results are scaled in two steps.
  const bool tiny = inside < -600.0;
  const std::uint64_t bias = tiny ? 1023 + 128 : 1023;
  const double unit = tiny ? 0x1p-128 : 1.0;
  const double power = std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + bias) << 52);
  return x < lowest ? 0.0 : series * power * unit;
}

}  // namespace cupel
