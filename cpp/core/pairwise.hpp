// Sums in NumPy's pairwise order, so that counts which depend on the last bit of a sum are those
// that the NumPy reference gives.
#pragma once

#include <cstddef>
#include <type_traits>

namespace cupel {

// Sum of get(begin) ... get(begin + n - 1), in the type that get returns. O(n).
template <typename Get>
std::invoke_result_t<const Get&, std::size_t> pairwise_sum(const Get& get, std::size_t begin,
                                                           std::size_t n) {
  using Value = std::invoke_result_t<const Get&, std::size_t>;
  constexpr std::size_t lanes = 8;
  constexpr std::size_t block = 128;
  if (n > block) {
    const std::size_t half = n / 2 - n / 2 % lanes;
    const Value left = pairwise_sum(get, begin, half);
    return left + pairwise_sum(get, begin + half, n - half);
  }
  Value sum = 0;
  std::size_t i = 0;
  if (n >= lanes) {
    Value r[lanes];
    for (std::size_t l = 0; l < lanes; ++l) r[l] = get(begin + l);
    for (i = lanes; i + lanes <= n; i += lanes)
      for (std::size_t l = 0; l < lanes; ++l) r[l] += get(begin + i + l);
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < n; ++i) sum += get(begin + i);
  return sum;
}

}  // namespace cupel
