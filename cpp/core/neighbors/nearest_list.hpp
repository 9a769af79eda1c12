// The nearest points of one query, while they are being found.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "core/neighbors/points.hpp"

namespace cupel {

struct Neighbor {
  double distance;  // as reported
  std::uint32_t id;
};

inline bool operator<(const Neighbor& a, const Neighbor& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
}

// Every square above this one is reported as more than `distance`. Several squares can be reported
// as the same distance, and their points tie: hence the room for the roundings of a square root,
// two products and a quotient, and for subnormal distances, which are rounded to a multiple of the
// smallest number. Requires distance >= 0.
inline double largest_square(const Reported& reported, double distance) {
  constexpr double smallest = std::numeric_limits<double>::denorm_min();
  constexpr double room = 1.0 + 16.0 * std::numeric_limits<double>::epsilon();
  if (reported.metric == Metric::kCosine) return distance * 2.0 + smallest;
  const double root = (distance + smallest) / reported.unscale;
  return root * root * room;
}

// The k nearest of many offered points, by (distance, id). Offers are sorted a few dozen at a time
// and merged, so one costs O(kMaxSorted + k / kMaxPending).
class NearestList {
 public:
  static constexpr std::size_t kMaxOffer = 32;

  // Requires k >= 1.
  NearestList(std::size_t k, const Reported& reported)
      : k_(k),
        patience_(std::clamp<std::size_t>(k / 6, 1, kMaxPending)),
        reported_(reported),
        entries_(k + kMaxPending + kMaxOffer),
        merged_(entries_.size()) {}

  // Starts over for another query.
  void clear() {
    sorted_ = size_ = 0;
    limit_ = kInfinity;
    last_ = {kInfinity, std::numeric_limits<std::uint32_t>::max()};
  }

  // Points with a larger square cannot enter. Only ever falls; infinite until the list is full.
  [[nodiscard]] double limit() const { return limit_; }

  // Nor can a point that comes after this one.
  [[nodiscard]] const Neighbor& last() const { return last_; }

  // Requires count <= kMaxOffer, and that no square is nan.
  void offer(const double* squares, const std::uint32_t* ids, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) entries_[size_ + i] = {reported_(squares[i]), ids[i]};
    size_ += count;
    if (size_ >= sorted_ + patience_) settle();
  }

  // The nearest, ascending; k of them if as many were offered.
  std::span<const Neighbor> finish() {
    if (size_ > sorted_) settle();
    return {entries_.data(), size_};
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kMaxPending = 32;
  static constexpr std::size_t kMaxSorted = 64;
  static_assert(kMaxPending + kMaxOffer <= kMaxSorted && std::has_single_bit(kMaxSorted));

  // Brings what is pending into the order of the rest.
  void settle() {
    if (size_ <= kMaxSorted) {
      sort({entries_.data(), size_}, size_ - sorted_ > 1);
    } else {
      const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
      const auto pending = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
      sort({entries_.data() + sorted_, size_ - sorted_}, true);
      std::merge(entries_.begin(), pending, pending, end, merged_.begin());
      entries_.swap(merged_);
    }
    sorted_ = size_ = std::min(size_, k_);
    if (size_ < k_) return;
    last_ = entries_[k_ - 1];
    if (last_.distance < kInfinity) limit_ = largest_square(reported_, last_.distance);
  }

  // Requires at most kMaxSorted entries. The last insertions are few where entries are `shuffled`
  // into their approximate order first.
  static void sort(std::span<Neighbor> entries, bool shuffled) {
    std::array<Neighbor, kMaxSorted> ranked;
    const Neighbor* from = entries.data();
    if (shuffled) {
      rank(entries, ranked);
      from = ranked.data();
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Neighbor next = from[i];
      std::size_t at = i;
      for (; at > 0 && next < entries[at - 1]; --at) entries[at] = entries[at - 1];
      entries[at] = next;
    }
  }

  // Writes the entries in the order of their distances' leading bits. To count for each entry how
  // many come before it takes no branch, and mispredicted branches are what sorting a few numbers
  // costs.
  static void rank(std::span<const Neighbor> entries, std::span<Neighbor, kMaxSorted> ranked) {
    constexpr std::size_t lanes = 4;
    std::array<std::int32_t, kMaxSorted> keys;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // Of the same order as the distances, which are not negative, and all different.
      const std::uint64_t bits = std::bit_cast<std::uint64_t>(entries[i].distance);
      keys[i] = static_cast<std::int32_t>((bits >> 32 & ~(kMaxSorted - 1)) | i);
    }
    std::size_t padded = entries.size();
    while (padded % lanes != 0) keys[padded++] = std::numeric_limits<std::int32_t>::max();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::int32_t key = keys[i];
      std::int32_t before = 0;
      for (std::size_t j = 0; j < padded; ++j) before += keys[j] < key ? 1 : 0;
      ranked[static_cast<std::size_t>(before)] = entries[i];
    }
  }

  std::size_t k_;
  std::size_t patience_;  // how many may be pending before the list is worth settling
  Reported reported_;
  std::vector<Neighbor> entries_;  // `sorted_` in order, then those pending
  std::vector<Neighbor> merged_;
  std::size_t sorted_ = 0;
  std::size_t size_ = 0;
  double limit_ = kInfinity;
  Neighbor last_{};
};

}  // namespace cupel
