// Overlapping groups of nearby rows, for the approximate graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/neighbors/search.hpp"

namespace cupel {

// A small, fast generator with a fixed sequence on every platform (Steele, Lea, Flood: splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // In [0, n); n far below 2^64.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }

 private:
  std::uint64_t state_;
};

// `count` numbers of [0, n), ascending and distinct: one from each of `count` equal parts. Requires
// count <= n.
std::vector<std::uint32_t> spread_sample(std::size_t n, std::size_t count, Random& random);

// Positions of rows, cell after cell; cells may share rows.
struct Cells {
  std::vector<std::uint32_t> positions;
  std::vector<std::size_t> begins;

  [[nodiscard]] std::size_t size() const { return begins.size() - 1; }
  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t cell) const {
    return {positions.data() + begins[cell], begins[cell + 1] - begins[cell]};
  }
};

// Picks `leaders` random rows of the set and puts every row into the cells of its `overlap`
// nearest. Rows of a cell ascend. O(size leaders cols).
template <typename T>
Cells cells_around_leaders(const SearchedSet<T>& set, std::size_t leaders, std::size_t overlap,
                           Random& random, const Execution& execution);

}  // namespace cupel
