// From distinct rows back to all rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "core/neighbors/search.hpp"

namespace cupel {

// Writes one row's list from its nearest distinct rows: their members, nearest first.
class ListWriter {
 public:
  ListWriter(const DistinctRows& distinct, const NeighborLists& out)
      : distinct_(distinct), out_(out) {}

  // The list of `row`; `own` are the rows equal to it, at distance zero, if it belongs to the set.
  void write(std::size_t row, std::span<const std::uint32_t> own, std::span<const Near> nearest) {
    entries_.clear();
    double farthest = 0.0;
    for (const std::uint32_t member : own) {
      if (member != row) entries_.push_back({0.0, member});
      if (entries_.size() == out_.k) break;
    }
    for (const Near& near : nearest) {
      if (entries_.size() >= out_.k && near.distance > farthest) break;
      const auto members = distinct_.members(near.group);
      for (std::size_t m = 0; m < std::min(members.size(), out_.k); ++m)
        entries_.push_back({near.distance, members[m]});
      farthest = near.distance;
    }
    std::sort(entries_.begin(), entries_.end());
    // Too few in an approximate graph, or if another thread wrote nan into the matrix.
    entries_.resize(std::max(entries_.size(), out_.k), {kInfinity, 0});
    double* distances = out_.distances.data() + row * out_.k;
    std::int64_t* indices = out_.indices.data() + row * out_.k;
    for (std::size_t n = 0; n < out_.k; ++n) {
      distances[n] = entries_[n].first;
      indices[n] = entries_[n].second;
    }
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  const DistinctRows& distinct_;
  const NeighborLists& out_;
  std::vector<std::pair<double, std::uint32_t>> entries_;
};

// Writes the lists of all members of a group.
inline void write_group(const DistinctRows& distinct, const NeighborLists& out, std::size_t group,
                        std::span<const Near> nearest) {
  const auto members = distinct.members(group);
  ListWriter writer(distinct, out);
  for (const std::uint32_t row : members) writer.write(row, members, nearest);
}

}  // namespace cupel
