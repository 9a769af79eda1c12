// Asks for memory before it is needed, where rows are visited out of order.
#pragma once

#include <algorithm>
#include <cstddef>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace cupel {

inline void prefetch(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#elif defined(_M_X64)
  _mm_prefetch(static_cast<const char*>(address), _MM_HINT_T0);
#else
  static_cast<void>(address);
#endif
}

// The start of a row of `bytes` bytes; processors follow on their own from there.
inline void prefetch_row(const void* row, std::size_t bytes) {
  constexpr std::size_t line = 64;
  constexpr std::size_t most = 1024;
  const auto* byte = static_cast<const char*>(row);
  for (std::size_t at = 0; at < std::min(bytes, most); at += line) prefetch(byte + at);
  if (bytes <= most) prefetch(byte + bytes - 1);  // rows need not start on a line
}

// How many rows ahead to ask: a few KiB, as many requests as a core keeps in flight.
constexpr std::size_t prefetch_distance(std::size_t row_bytes) {
  return std::clamp<std::size_t>(2048 / std::max<std::size_t>(1, row_bytes), 1, 16);
}

}  // namespace cupel
