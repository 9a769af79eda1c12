// An order-independent sum of numbers in [-2, 2]: a 128-bit fixed-point integer in units of 2^-88.
#pragma once

#include <bit>
#include <cstdint>

namespace cupel {

// Values of magnitude >= 2^-35 are added exactly, smaller ones are cut to a multiple of 2^-88, so a
// mean above 2e-6 is right to its last bit for up to 2^38 rows. Integer addition commutes: every
// order of adding and merging gives the same bits.
class ExactSum {
 public:
  void add(double x) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const auto exponent = static_cast<int>((bits >> 52) & 0x7ff);
    std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
    if (exponent != 0) mantissa |= std::uint64_t{1} << 52;
    const int shift = (exponent == 0 ? 1 : exponent) - kUnitExponent;
    if (shift > 40) return;  // |x| > 2, infinite or nan: refused elsewhere, must only do no harm
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (shift > 0) {
      low = mantissa << shift;
      high = mantissa >> (64 - shift);
    } else if (shift > -64) {
      low = mantissa >> -shift;
    }
    if ((bits >> 63) != 0) {
      low = ~low + 1;
      high = ~high + (low == 0 ? 1 : 0);
    }
    accumulate(low, high);
  }

  void merge(const ExactSum& other) { accumulate(other.low_, other.high_); }

  [[nodiscard]] double value() const {
    const bool negative = (high_ >> 63) != 0;
    std::uint64_t low = low_;
    std::uint64_t high = high_;
    if (negative) {
      low = ~low + 1;
      high = ~high + (low == 0 ? 1 : 0);
    }
    constexpr double two_to_64 = 18446744073709551616.0;
    constexpr double unit = 1.0 / (two_to_64 * 16777216.0);  // 2^-88
    const double magnitude =
        static_cast<double>(high) * (two_to_64 * unit) + static_cast<double>(low) * unit;
    return negative ? -magnitude : magnitude;
  }

 private:
  // A double is mantissa * 2^(exponent - 1075); in units of 2^-88 that is a shift by exponent -
  // 987.
  static constexpr int kUnitExponent = 987;

  void accumulate(std::uint64_t low, std::uint64_t high) {
    low_ += low;
    high_ += high + (low_ < low ? 1 : 0);
  }

  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

}  // namespace cupel
