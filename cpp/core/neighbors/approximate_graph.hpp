// Lists of neighbours that grow: rows meet in cells around random leaders, again and again with
// other leaders.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "core/neighbors/partition.hpp"
#include "core/neighbors/search.hpp"

namespace cupel {

template <typename T>
class ApproximateGraph {
 public:
  // `count` neighbours are wanted of each distinct row.
  ApproximateGraph(const SearchedSet<T>& set, std::size_t count, std::uint64_t seed,
                   const Execution& execution);

  [[nodiscard]] const CandidateLists& lists() const { return lists_; }

  // Frees the lists.
  void release() { lists_ = CandidateLists(0, 0); }

  // One round with new leaders, as many as make finding them and comparing within cells cost about
  // the same: O(size^1.5 cols). Returns how many pairs were compared.
  double meet();

  // Lets the rows meet until `target` is reached on a sample; false if it is not when a quarter of
  // all pairs have been compared. Tells three quarters of the progress.
  bool build(double target);

  // The mean recall of a new sample, with Wilson's interval as if rows were wholly right or wrong,
  // which is never too narrow.
  Recall measure();

  // The exact neighbours of the rows at these positions.
  [[nodiscard]] std::vector<std::vector<Near>> search_exactly(
      std::span<const std::uint32_t> positions) const;

 private:
  // Guards rows in turns; a lock per row would take more memory than the lists.
  class RowLocks {
   public:
    std::mutex& of(std::size_t row) { return locks_[row % locks_.size()]; }

   private:
    std::array<std::mutex, 1024> locks_;
  };

  std::vector<std::uint32_t> sample(std::size_t rows);
  [[nodiscard]] std::vector<double> recalls(std::span<const std::uint32_t> positions,
                                            const std::vector<std::vector<Near>>& exact) const;
  void join_cell(std::span<const std::uint32_t> positions, const Execution& execution);

  const SearchedSet<T>& set_;
  Execution execution_;
  std::size_t count_;
  Random random_;
  CandidateLists lists_;
  RowLocks locks_;
};

}  // namespace cupel
