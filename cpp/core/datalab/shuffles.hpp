// The permutations of numpy.random.RandomState, which others' published figures rest on.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>

namespace cupel {

// MT19937 (Matsumoto and Nishimura, 1998), seeded and read as NumPy does. Numbers are made 624 at a
// time, in loops that compilers vectorise.
class MersenneTwister {
 public:
  explicit MersenneTwister(std::uint32_t seed) {
    for (std::size_t i = 0; i < kSize; ++i) {
      state_[i] = seed;
      seed = 1812433253U * (seed ^ (seed >> 30U)) + static_cast<std::uint32_t>(i) + 1U;
    }
  }

  std::uint32_t next() {
    if (used_ == kSize) refill();
    return numbers_[used_++];
  }

 private:
  static constexpr std::size_t kSize = 624, kShift = 397;

  static std::uint32_t twisted(std::uint32_t high, std::uint32_t low, std::uint32_t other) {
    const std::uint32_t mixed = (high & 0x80000000U) | (low & 0x7fffffffU);
    return other ^ (mixed >> 1U) ^ ((0U - (low & 1U)) & 0x9908b0dfU);
  }
  static std::uint32_t tempered(std::uint32_t x) {
    x ^= x >> 11U;
    x ^= (x << 7U) & 0x9d2c5680U;
    x ^= (x << 15U) & 0xefc60000U;
    return x ^ (x >> 18U);
  }
  void refill() {
    constexpr std::size_t kRest = kSize - kShift;
    for (std::size_t i = 0; i < kRest; ++i)
      state_[i] = twisted(state_[i], state_[i + 1], state_[i + kShift]);
    for (std::size_t i = kRest; i + 1 < kSize; ++i)
      state_[i] = twisted(state_[i], state_[i + 1], state_[i - kRest]);
    state_[kSize - 1] = twisted(state_[kSize - 1], state_[0], state_[kShift - 1]);
    for (std::size_t i = 0; i < kSize; ++i) numbers_[i] = tempered(state_[i]);
    used_ = 0;
  }

  std::array<std::uint32_t, kSize> state_{};
  std::array<std::uint32_t, kSize> numbers_{};
  std::size_t used_ = kSize;
};

// Draws a number in [0, i] for each i from the last place down to 1, by masking and rejection:
// what the shuffle of a permutation takes from the generator. Requires fewer than 2^32 places.
inline void draw_swaps(MersenneTwister& random, std::span<std::uint32_t> swaps) {
  std::size_t i = swaps.size() - 1;
  while (i >= 1) {
    const std::size_t lowest_of_mask = std::bit_floor(i);
    const auto mask = static_cast<std::uint32_t>(2 * lowest_of_mask - 1);
    while (i >= lowest_of_mask) {  // without a branch on the draw, which nobody could predict
      const std::uint32_t drawn = random.next() & mask;
      swaps[i] = drawn;
      i -= static_cast<std::size_t>(drawn <= i);
    }
  }
}

// Puts 0 ... n - 1 into the order that the swaps make.
inline void shuffle_places(std::span<const std::uint32_t> swaps, std::span<std::uint32_t> places) {
  std::iota(places.begin(), places.end(), 0U);
  for (std::size_t i = places.size() - 1; i >= 1; --i) std::swap(places[i], places[swaps[i]]);
}

}  // namespace cupel
