// Exact nearest neighbours by a float32 shortlist, a float64 choice, and a proof.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/neighbors/candidates.hpp"
#include "core/neighbors/identical.hpp"
#include "core/neighbors/join.hpp"
#include "core/neighbors/packed_rows.hpp"

namespace cupel {

// A distinct row of the set, seen from a query. `row` is the lowest of the rows equal to it.
struct Near {
  double squared;   // of the scaled points
  double distance;  // as reported
  std::uint32_t row;
  std::uint32_t group;

  friend bool operator<(const Near& a, const Near& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
  }
};

// A set of rows, prepared to be searched. Its distinct rows are packed once.
template <typename T>
class SearchedSet {
 public:
  SearchedSet(const Points<T>& points, const DistinctRows& distinct, const Execution& execution);

  [[nodiscard]] const Points<T>& points() const { return points_; }
  [[nodiscard]] const DistinctRows& distinct() const { return distinct_; }
  [[nodiscard]] const PackedRows& packed() const { return packed_; }
  [[nodiscard]] const Frame& frame() const { return frame_; }
  [[nodiscard]] const FilterError& error() const { return error_; }
  [[nodiscard]] std::size_t size() const { return packed_.size(); }

  // The half squared distance that the filter sees.
  [[nodiscard]] double half_squared(double squared) const {
    return squared * frame_.scale * frame_.scale / 2;
  }

 private:
  const Points<T>& points_;
  const DistinctRows& distinct_;
  Frame frame_;
  FilterError error_;
  PackedRows packed_;
};

// Rows that look for neighbours in a SearchedSet: rows of other points, or some or all of the set's
// own distinct rows. If all, `packed` is the set's, which halves the work.
template <typename T>
struct Searchers {
  const Points<T>& points;
  std::span<const std::uint32_t> rows;
  const PackedRows& packed;
  bool of_the_set;  // then none is its own neighbour
};

// Calls write(i, nearest) once for every searcher i with its `count` nearest distinct rows of the
// set, ascending; from several threads, each i once. Requires count <= size (- 1 if of_the_set).
template <typename T>
void search(const SearchedSet<T>& set, const Searchers<T>& searchers, std::size_t count,
            const Execution& execution,
            const std::function<void(std::size_t i, std::span<const Near> nearest)>& write);

// Candidates beyond the k nearest leave room for pairs that float32 puts in the wrong order.
std::size_t shortlist_size(std::size_t count, std::size_t available);

// Offers each searcher all packed rows of the set. If both are one object, every pair of distinct
// rows is compared once, and offered to both.
void shortlist(const PackedRows& searchers, const PackedRows& set, CandidateLists& lists,
               const Execution& execution);

// Chooses the nearest of shortlists in float64.
template <typename T>
class Choice {
 public:
  Choice(const SearchedSet<T>& set, const Searchers<T>& searchers, const CandidateLists& lists,
         std::size_t count)
      : set_(set), searchers_(searchers), lists_(lists), count_(count) {}

  // The (at most) `count` nearest, ascending. The span is valid until the next call.
  std::span<const Near> nearest(std::size_t i);

  // Whether nothing outside the shortlist can be as near as the last of `nearest`.
  [[nodiscard]] bool is_proven(std::size_t i, std::span<const Near> nearest) const;

 private:
  const SearchedSet<T>& set_;
  const Searchers<T>& searchers_;
  const CandidateLists& lists_;
  std::size_t count_;
  std::vector<Near> near_;
};

}  // namespace cupel
