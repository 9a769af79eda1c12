// The closest rows seen so far, for every row: a float32 shortlist from which float64 chooses.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace cupel {

struct Candidate {
  float closeness;
  std::uint32_t position;  // of the packed row

  // A total order, so that the shortlist is the same whatever the order of offers.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.closeness != b.closeness ? a.closeness < b.closeness : a.position > b.position;
  }
};

// One heap per row whose root is the least close; ties prefer the lower position. Rows are
// independent of each other: different rows may be used by different threads.
class CandidateLists {
 public:
  static constexpr float kNone = -std::numeric_limits<float>::infinity();
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  CandidateLists(std::size_t rows, std::size_t capacity)
      : capacity_(capacity), heaps_(rows * capacity, Candidate{kNone, kNobody}) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Whatever is less close than this was, or would be, left out.
  [[nodiscard]] float cut(std::size_t row) const { return heaps_[row * capacity_].closeness; }

  // All entries in no order; those whose position is kNobody are empty.
  [[nodiscard]] std::span<const Candidate> of(std::size_t row) const {
    return {heaps_.data() + row * capacity_, capacity_};
  }

  // Leaves out whatever is less close than `cut` from now on. Only for empty lists.
  void start_at(std::size_t row, float cut) {
    std::fill_n(heaps_.data() + row * capacity_, capacity_, Candidate{cut, kNobody});
  }

  // O(log capacity) if it enters, O(1) if not.
  void offer(std::size_t row, Candidate candidate) {
    Candidate* heap = heaps_.data() + row * capacity_;
    if (!(heap[0] < candidate)) return;
    std::size_t hole = 0;
    for (std::size_t child = 1; child < capacity_; child = 2 * hole + 1) {
      if (child + 1 < capacity_ && heap[child + 1] < heap[child]) ++child;
      if (!(heap[child] < candidate)) break;
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = candidate;
  }

  // The same for a candidate that may already be in the list. O(capacity).
  void offer_once(std::size_t row, Candidate candidate) {
    if (!(of(row)[0] < candidate)) return;
    for (const Candidate& entry : of(row))
      if (entry.position == candidate.position) return;
    offer(row, candidate);
  }

 private:
  std::size_t capacity_;
  std::vector<Candidate> heaps_;
};

}  // namespace cupel
