// Order-preserving integer keys of floats, and a stable radix sort over them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/scalar.hpp"

namespace cupel {

// A key whose unsigned order is the order of the floats: -0 equals 0, nan comes last.
inline std::uint64_t order_key(double x) {
  if (std::isnan(x)) return ~std::uint64_t{0};
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}
inline std::uint32_t order_key(float x) {
  if (std::isnan(x)) return ~std::uint32_t{0};
  const auto bits = std::bit_cast<std::uint32_t>(x + 0.0f);
  return (bits >> 31) != 0 ? ~bits : bits | (std::uint32_t{1} << 31);
}
inline std::uint16_t order_key(Half x) {
  const unsigned magnitude = x.bits & 0x7fffu;
  if (magnitude > 0x7c00u) return 0xffff;
  if (magnitude == 0) return 0x8000;
  return static_cast<std::uint16_t>((x.bits & 0x8000u) != 0 ? ~x.bits & 0xffffu : x.bits | 0x8000u);
}

template <typename Key, typename Index>
struct Keyed {
  Key key;
  Index index;
};

// Calls f(begin, end) for consecutive parts of [0, n); `proceed` is asked before each and may
// throw.
template <typename Proceed, typename F>
void in_parts(std::size_t n, const Proceed& proceed, const F& f) {
  constexpr std::size_t part = std::size_t{1} << 20;
  for (std::size_t begin = 0; begin < n; begin += part) {
    proceed();
    f(begin, std::min(n, begin + part));
  }
}

// Sorts by key; equal keys keep their order. O(n), one pass per digit that differs at all.
template <typename Key, typename Index, typename Proceed>
void radix_sort(std::vector<Keyed<Key, Index>>& items, const Proceed& proceed) {
  constexpr unsigned digit_bits = sizeof(Key) == 2 ? 8 : 11;
  constexpr std::size_t buckets = std::size_t{1} << digit_bits;
  constexpr unsigned digits = (sizeof(Key) * 8 + digit_bits - 1) / digit_bits;
  const auto digit_of = [](Key key, unsigned digit) {
    return static_cast<std::size_t>(key >> (digit * digit_bits)) & (buckets - 1);
  };

  std::vector<std::array<std::size_t, buckets>> counts(digits);
  in_parts(items.size(), proceed, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      for (unsigned d = 0; d < digits; ++d) ++counts[d][digit_of(items[i].key, d)];
  });

  std::vector<Keyed<Key, Index>> other(items.size());
  for (unsigned d = 0; d < digits; ++d) {
    std::array<std::size_t, buckets>& next = counts[d];
    if (items.empty() || next[digit_of(items.front().key, d)] == items.size()) continue;
    std::size_t position = 0;
    for (std::size_t& count : next) position += std::exchange(count, position);
    in_parts(items.size(), proceed, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) other[next[digit_of(items[i].key, d)]++] = items[i];
    });
    items.swap(other);
  }
}

}  // namespace cupel
