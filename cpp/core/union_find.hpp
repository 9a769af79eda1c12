// Which items are connected, while connections arrive one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace cupel {

// The root of a set is its lowest item, whatever the order of unions. Not thread-safe.
class UnionFind {
 public:
  explicit UnionFind(std::size_t n) : parent_(n) {
    std::iota(parent_.begin(), parent_.end(), std::uint32_t{0});
  }

  // Amortised O(log n); halves the path on the way.
  std::uint32_t find(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  void unite(std::uint32_t i, std::uint32_t j) {
    i = find(i);
    j = find(j);
    if (i > j) std::swap(i, j);
    parent_[j] = i;
  }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace cupel
