// The largest of many offered numbers, with the rows they come from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace cupel {

// Keeps the `capacity` largest keys above `cut` of those offered, equal keys by the lower row. Rows
// must be offered in ascending order. Holds at most twice as many before it drops the rest, so an
// offer costs O(1) on average, whatever the order of keys.
template <typename Key, typename Row>
class TopCell {
 public:
  struct Entry {
    Key key;
    Row row;
  };

  TopCell(std::size_t capacity, Key cut) : capacity_(capacity), cut_(cut) {}

  // Keys up to this one cannot be among the kept; it only ever rises. A nan is never above it.
  [[nodiscard]] Key cut() const { return cut_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Requires key > cut().
  void offer(Key key, Row row) {
    if (entries_.empty()) entries_.reserve(limit());  // pages that stay unused cost nothing
    entries_.push_back({key, row});
    // Later rows lose ties, so from now on only strictly larger keys matter.
    if (entries_.size() >= limit()) {
      drop_rest();
      cut_ = std::max(cut_, entries_.back().key);
    }
  }

  // The kept entries, in no particular order.
  const std::vector<Entry>& best() {
    drop_rest();
    return entries_;
  }

  // Starts over, for what lies between `cut` and the keys of before.
  void restart(std::size_t capacity, Key cut) {
    entries_ = {};
    capacity_ = capacity;
    cut_ = cut;
  }

 private:
  [[nodiscard]] std::size_t limit() const { return 2 * capacity_ + 2; }

  void drop_rest() {
    if (entries_.size() <= capacity_) return;
    const auto last = entries_.begin() + static_cast<std::ptrdiff_t>(capacity_) - 1;
    std::nth_element(entries_.begin(), last, entries_.end(), [](const Entry& a, const Entry& b) {
      return a.key != b.key ? a.key > b.key : a.row < b.row;
    });
    entries_.resize(capacity_);
  }

  std::size_t capacity_;
  Key cut_;
  std::vector<Entry> entries_;
};

}  // namespace cupel
