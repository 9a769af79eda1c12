// The closest rows seen so far, for every row: a float32 shortlist from which float64 chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace cupel {

struct Candidate {
  float closeness;
  std::uint32_t position;  // of the packed row
};

// One heap per row whose root is the least close. Which of equally close ones stay may depend on
// the order of offers; whoever needs more than that looks at cut(). Rows are independent of each
// other: different rows may be used by different threads.
class CandidateLists {
 public:
  static constexpr float kNone = -std::numeric_limits<float>::infinity();

  CandidateLists(std::size_t rows, std::size_t capacity)
      : capacity_(capacity), heaps_(rows * capacity, Candidate{kNone, 0}) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Only what is closer than this would still enter: everything less close was seen and left out.
  [[nodiscard]] float cut(std::size_t row) const { return heaps_[row * capacity_].closeness; }

  // All entries; those with a closeness of kNone are empty.
  [[nodiscard]] std::span<const Candidate> of(std::size_t row) const {
    return {heaps_.data() + row * capacity_, capacity_};
  }

  // O(log capacity) if it enters, O(1) if not.
  void offer(std::size_t row, Candidate candidate) {
    Candidate* heap = heaps_.data() + row * capacity_;
    if (!(candidate.closeness > heap[0].closeness)) return;
    std::size_t hole = 0;
    for (std::size_t child = 1; child < capacity_; child = 2 * hole + 1) {
      if (child + 1 < capacity_ && heap[child + 1].closeness < heap[child].closeness) ++child;
      if (!(heap[child].closeness < candidate.closeness)) break;
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = candidate;
  }

 private:
  std::size_t capacity_;
  std::vector<Candidate> heaps_;
};

}  // namespace cupel
