// float16 conversion, order-preserving keys, the radix sort, and the order-independent sum.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "check.hpp"
#include "core/cpu.hpp"
#include "core/exact_sum.hpp"
#include "core/radix.hpp"
#include "data.hpp"
#include "kernels/half.hpp"

namespace cupel::test {
namespace {

// ---- float16 -----------------------------------------------------------------------------------

bool is_nan(Half h) { return (h.bits & 0x7fffu) > 0x7c00u; }
Half half_of(unsigned bits) { return {static_cast<std::uint16_t>(bits)}; }

double exact_value(Half h) {
  const int exponent = h.bits >> 10 & 0x1f;
  const int fraction = h.bits & 0x3ff;
  const double sign = (h.bits & 0x8000u) != 0 ? -1.0 : 1.0;
  if (exponent == 31)
    return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  return sign *
         (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

// Rounds to the nearest multiple of the spacing of float16 numbers at x, in exact arithmetic.
Half slowly_rounded(float x) {
  const unsigned sign = std::signbit(x) ? 0x8000u : 0;
  const double magnitude = std::abs(static_cast<double>(x));
  if (std::isinf(x)) return half_of(sign | 0x7c00u);
  const int exponent = magnitude == 0.0 ? -14 : std::max(-14, std::ilogb(magnitude));
  const double steps = std::ldexp(magnitude, 10 - exponent);
  double whole = std::floor(steps);
  const double rest = steps - whole;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2.0) == 1.0)) whole += 1.0;
  // Subnormals and normals are consecutive integers, so a carry into the exponent is an addition.
  const double code = whole + static_cast<double>(exponent + 14) * 1024.0;
  return half_of(sign | static_cast<unsigned>(std::min(code, static_cast<double>(0x7c00))));
}

CUPEL_TEST(every_half_widens_exactly) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const Half h = half_of(bits);
    const float wide = half_to_float(h);
    CHECK(std::isnan(wide) == is_nan(h), bits);
    if (is_nan(h)) continue;
    CHECK(static_cast<double>(wide) == exact_value(h) && std::signbit(wide) == (bits >= 0x8000),
          bits);
    CHECK(float_to_half(wide).bits == bits, bits);
  }
}

// The kernels' own conversions, which use the processor's where it has one.
CUPEL_TEST(kernels_convert_every_half_alike) {
  Matrix<Half> all(0x10000, 1);
  for (unsigned bits = 0; bits < 0x10000; ++bits) all(bits, 0) = half_of(bits);
  const std::vector<std::int64_t> given(0x10000);
  for_each_isa([&](const std::string& isa) {
    std::vector<Half> narrow(0x10000);
    std::vector<double> wide(0x10000);
    const RowBlock<Half> block{all.view(), given.data()};
    kernels_of<Half>().self_confidence_rows(block, nullptr, 0.0f, narrow.data());
    kernels_of<Half>().self_confidence_rows_f64(block, nullptr, 0.0, wide.data());
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
      const Half h = half_of(bits);
      const unsigned quiet = is_nan(h) ? bits | 0x200u : bits;
      CHECK(narrow[bits].bits == quiet, isa, bits, narrow[bits].bits);
      CHECK(is_nan(h) ? std::isnan(wide[bits]) : wide[bits] == exact_value(h), isa, bits);
    }
  });
}

void check_rounding(float x) {
  const Half wanted = slowly_rounded(x);
  const Half got = float_to_half(x);
  CHECK(got.bits == wanted.bits, std::bit_cast<std::uint32_t>(x), got.bits, wanted.bits);
}

CUPEL_TEST(floats_round_to_the_nearest_half) {
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    const float low = half_to_float(half_of(bits));
    const float high = bits == 0x7bff ? 65536.0f : half_to_float(half_of(bits + 1));
    const float middle = low + (high - low) / 2;
    for (const float at : {low, middle})
      for (const float x : {std::nextafter(at, -1.0f), at, std::nextafter(at, 1e9f)}) {
        check_rounding(x);
        check_rounding(-x);
      }
  }
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 2039) {  // a prime step
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isnan(x))
      CHECK(is_nan(float_to_half(x)), bits);
    else
      check_rounding(x);
  }
}

// Rounding inside the kernels: margins of float16 rows are rounded to float16.
CUPEL_TEST(kernels_round_to_half_alike) {
  Random random(1);
  constexpr std::size_t cols = 24;
  Matrix<Half> row(1, cols);
  std::vector<std::uint32_t> hits(cols);
  for (int round = 0; round < 4000; ++round) {
    row.fill([&] { return std::ldexp(random.unit(), -static_cast<int>(random.below(12))); });
    const std::size_t given = random.below(cols);
    const float own = half_to_float(row(0, given));
    for_each_isa([&](const std::string& isa) {
      // A cut just below the rounded margin lets it through, the margin itself does not.
      for (std::size_t j = 0; j < cols; ++j) {
        const float margin = half_to_float(slowly_rounded(half_to_float(row(0, j)) - own));
        std::vector<float> cuts(cols, std::numeric_limits<float>::infinity());
        for (const bool below : {false, true}) {
          cuts[j] = below ? std::nextafter(margin, -2.0f) : margin;
          const std::size_t n = kernels_of<Half>().margins_above(
              row.view().row(0), cols, static_cast<std::int64_t>(given), cuts.data(), hits.data());
          CHECK(n == (below ? 1u : 0u), isa, round, j, margin);
        }
      }
    });
  }
}

// ---- keys and sorting --------------------------------------------------------------------------

template <typename T>
void check_key_order(const std::vector<T>& ascending) {
  for (std::size_t i = 1; i < ascending.size(); ++i)
    CHECK(order_key(ascending[i - 1]) < order_key(ascending[i]), i);
}

template <typename F>
std::vector<F> ascending_floats() {
  using L = std::numeric_limits<F>;
  return {-L::infinity(),
          -L::max(),
          F(-1),
          -L::min(),
          -L::denorm_min(),
          F(0),
          L::denorm_min(),
          L::min(),
          std::nextafter(F(1), F(0)),
          F(1),
          L::max(),
          L::infinity(),
          L::quiet_NaN()};
}

CUPEL_TEST(keys_order_as_the_numbers_do) {
  check_key_order(ascending_floats<double>());
  check_key_order(ascending_floats<float>());
  CHECK(order_key(-0.0) == order_key(0.0));
  CHECK(order_key(-0.0f) == order_key(0.0f));
  CHECK(order_key(half_of(0x8000)) == order_key(half_of(0)));
  CHECK(order_key(-std::nan("")) == order_key(std::nan("")));
  CHECK(order_key(-std::nanf("")) == order_key(std::nanf("")));
  std::vector<Half> halves;
  for (unsigned bits = 0xfc00; bits > 0x8000; --bits) halves.push_back(half_of(bits));
  for (unsigned bits = 0; bits <= 0x7c01; ++bits) halves.push_back(half_of(bits));
  check_key_order(halves);
  CHECK(order_key(half_of(0xffff)) == order_key(half_of(0x7e00)));
}

template <typename Key, typename Index>
void check_radix_sort(Random& random) {
  for (const std::size_t n : {0u, 1u, 2u, 3u, 100u, 5000u}) {
    for (const unsigned kept_bits : {1u, 4u, 12u, 64u}) {  // few distinct keys, then many
      std::vector<Keyed<Key, Index>> items(n);
      const std::uint64_t mask =
          kept_bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << kept_bits) - 1;
      const auto shift = random.below(sizeof(Key) * 8);
      for (std::size_t i = 0; i < n; ++i)
        items[i] = {static_cast<Key>((random.bits() & mask) << shift), static_cast<Index>(i)};
      auto wanted = items;
      std::stable_sort(wanted.begin(), wanted.end(),
                       [](const auto& a, const auto& b) { return a.key < b.key; });
      radix_sort(items, [] {});
      for (std::size_t i = 0; i < n; ++i)
        CHECK(items[i].key == wanted[i].key && items[i].index == wanted[i].index, n, kept_bits, i);
    }
  }
}

CUPEL_TEST(radix_sort_is_a_stable_sort) {
  Random random(2);
  check_radix_sort<std::uint16_t, std::uint32_t>(random);
  check_radix_sort<std::uint32_t, std::uint32_t>(random);
  check_radix_sort<std::uint64_t, std::uint32_t>(random);
  check_radix_sort<std::uint64_t, std::uint64_t>(random);
}

// ---- the order-independent sum -----------------------------------------------------------------

double sum_of(const std::vector<double>& values) {
  ExactSum sum;
  for (const double x : values) sum.add(x);
  return sum.value();
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

CUPEL_TEST(exact_sum_is_exact_where_it_says) {
  Random random(3);
  std::vector<double> values;
  std::int64_t units = 0;  // of 2^-30
  for (int i = 0; i < 10000; ++i) {
    const auto unit =
        static_cast<std::int64_t>(random.below(std::size_t{1} << 32)) - (std::int64_t{1} << 31);
    units += unit;
    values.push_back(std::ldexp(static_cast<double>(unit), -30));
  }
  CHECK(sum_of(values) == std::ldexp(static_cast<double>(units), -30));
  CHECK(sum_of({1.0, 0x1p-88, -1.0}) == 0x1p-88);
  CHECK(sum_of({-2.0, 2.0, -0x1p-60}) == -0x1p-60);
  CHECK(sum_of({0x1p-35 * (1 + 0x1p-52)}) == 0x1p-35 * (1 + 0x1p-52));
  CHECK(sum_of({}) == 0.0);
}

CUPEL_TEST(exact_sum_is_within_an_ulp) {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values(1 + random.below(3000));
    for (double& x : values) x = tied_probability(random);
    // In 32-bit pieces, whose sums double holds exactly.
    double pieces[4] = {};
    for (const double x : values) {
      double rest = x;
      for (int p = 0; p < 3; ++p) {
        const double unit = std::ldexp(1.0, -30 * (p + 1));
        const double piece = std::floor(rest / unit) * unit;
        pieces[p] += piece;
        rest -= piece;
      }
      pieces[3] += rest;
    }
    const double reference = pieces[0] + (pieces[1] + (pieces[2] + pieces[3]));
    const double ulp = std::nextafter(reference, 1e9) - reference;
    const double got = sum_of(values);
    CHECK(std::abs(got - reference) <= ulp + std::ldexp(static_cast<double>(values.size()), -88),
          round, got, reference);
  }
}

CUPEL_TEST(exact_sum_does_not_depend_on_order) {
  Random random(5);
  std::vector<double> values(2000);
  for (double& x : values)
    x = tied_probability(random) * random.one_of({1.0, -1.0, 2.0, 1e-9, 1e-30});
  const double wanted = sum_of(values);
  for (int round = 0; round < 50; ++round) {
    for (std::size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[random.below(i)]);
    std::vector<ExactSum> shards(1 + random.below(9));
    for (const double x : values) shards[random.below(shards.size())].add(x);
    ExactSum total;
    for (const ExactSum& shard : shards) total.merge(shard);
    CHECK(same_bits(total.value(), wanted), round);
    CHECK(same_bits(sum_of(values), wanted), round);
  }
}

CUPEL_TEST(exact_sum_survives_what_others_refuse) {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(sum_of({std::nan(""), infinity, -infinity, 1e300, -1e300, 0.25}) == 0.25);
  CHECK(sum_of({5e-324, -0.0, 1e-310}) == 0.0);
}

}  // namespace
}  // namespace cupel::test
