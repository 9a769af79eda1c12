// Which pixels are the lowest by the probability of their given class, without
// storing those probabilities. Each pixel's byte holds a flag and seven bits of
// its probability, its level; the cut lies within one level, and only that
// level's pixels are read again.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/radix.hpp"
#include "core/segmentation/tiles.hpp"

namespace cupel {

inline constexpr std::size_t kLevels = 128;
inline constexpr std::uint8_t kSurelyLowest = 0,
                              kSurelyNot = kLevels - 1;  // no level_of()

using LevelCounts = std::array<std::uint64_t, kLevels>;
using DigitCounts = std::vector<std::uint64_t>;

inline constexpr unsigned kDigitBits = 16;
inline constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

// Ascends with the probability, nan counts as highest. By the square root: cuts are low as a rule,
// and the narrower a level, the fewer pixels are read again.
template <typename C>
std::uint8_t level_of(C own) {
  const C from_zero = own < C{0} ? C{0} : own;
  const C in_range = from_zero < C{1} ? from_zero : C{1};
  const C scaled = std::sqrt(in_range) * C{kLevels - 3};
  return static_cast<std::uint8_t>(1 + static_cast<std::int32_t>(scaled));
}

inline std::uint8_t pixel_byte(std::uint8_t level, bool flag) {
  return static_cast<std::uint8_t>(level << 1 | (flag ? 1 : 0));
}
inline std::uint8_t level_in(std::uint8_t byte) { return byte >> 1; }

// Where the lowest pixels end: at a level, and within it after a prefix of
// keys.
template <typename Key>
class LowestCut {
 public:
  // For the `wanted` lowest pixels of those counted. Requires at least one.
  LowestCut(std::size_t wanted, const LevelCounts& counts) : wanted_(wanted) {
    std::size_t level = 0;
    while (level + 1 < kLevels && counts[level] < wanted_) wanted_ -= counts[level++];
    level_ = static_cast<std::uint8_t>(level);
    inside_ = counts[level];
  }

  // Extends the prefix by a digit, from the counts of that digit among keys
  // with the prefix.
  void extend(const DigitCounts& counts) {
    std::size_t d = 0;
    while (d + 1 < kDigits && counts[d] < wanted_) wanted_ -= counts[d++];
    bits_ += kDigitBits;
    prefix_ = static_cast<Key>(prefix_ << (kDigitBits - 1) << 1) | static_cast<Key>(d);
    inside_ = counts[d];
  }

  // Whether the pixels at the level and with the prefix are all wanted, or all
  // equal.
  [[nodiscard]] bool decided() const { return wanted_ >= inside_ || bits_ == kKeyBits; }
  [[nodiscard]] bool has_prefix() const { return bits_ != 0; }
  [[nodiscard]] std::uint8_t level() const { return level_; }
  // How many of the pixels at the level and with the prefix are wanted: the
  // first ones.
  [[nodiscard]] std::size_t wanted() const { return wanted_; }

  // The key's prefix is below, is, is above the cut's: negative, 0, positive. 0
  // without a prefix.
  [[nodiscard]] int compare(Key key) const {
    if (bits_ == 0) return 0;
    const Key own = key >> (kKeyBits - bits_);
    return own < prefix_ ? -1 : static_cast<int>(own > prefix_);
  }
  // The digit after the prefix. Requires bits that are not in the prefix.
  [[nodiscard]] std::size_t next_digit(Key key) const {
    return static_cast<std::size_t>(key >> (kKeyBits - bits_ - kDigitBits)) & (kDigits - 1);
  }

 private:
  static constexpr unsigned kKeyBits = sizeof(Key) * 8;

  std::size_t wanted_;
  std::size_t inside_ = 0;
  Key prefix_ = 0;
  unsigned bits_ = 0;
  std::uint8_t level_ = 0;
};

// Calls f(i) for the pixels of [begin, end) at this level, which are few.
template <typename F>
void for_each_at_level(std::span<const std::uint8_t> bytes, std::uint8_t level, std::size_t begin,
                       std::size_t end, const F& f) {
  constexpr std::size_t group = 64;
  for (std::size_t first = begin; first < end; first += group) {
    const std::size_t last = std::min(end, first + group);
    bool any = false;
    for (std::size_t i = first; i < last; ++i) any |= level_in(bytes[i]) == level;
    for (std::size_t i = first; any && i < last; ++i)
      if (level_in(bytes[i]) == level) f(i);
  }
}

// The pixels of some images, each with a byte, and how to find the lowest of
// them.
template <typename T>
class LowestPixels {
 public:
  using Key = decltype(order_key(Compute<T>{}));

  LowestPixels(const ImagesView<T>& images, const LabelsView& labels, const Execution& execution,
               std::span<std::uint8_t> bytes)
      : images_(images), labels_(labels), execution_(execution), bytes_(bytes) {}

  // Replaces every byte by its flag if the pixel is among the `wanted` lowest,
  // else by 0.
  void keep(std::size_t wanted, const LevelCounts& counts) const {
    LowestCut<Key> cut(wanted, counts);
    while (!cut.decided()) cut.extend(count_next_digit(cut));
    if (cut.has_prefix()) sort_out_level(cut);
    settle(cut);
  }

 private:
  // body(worker, pixel, key) for the pixels at the cut's level.
  template <typename Body>
  void for_each_at_cut(const LowestCut<Key>& cut, const TilePass& pass, const Body& body) const {
    const std::size_t pixels = images_.pixels();
    for_each_pixel_block(
        execution_, pass, pixels,
        [&](std::size_t worker, std::size_t image, std::size_t begin, std::size_t end) {
          for_each_at_level(bytes_, cut.level(), image * pixels + begin, image * pixels + end,
                            [&](std::size_t i) {
                              const T own = own_probability(images_, labels_, image, i);
                              body(worker, i, order_key(to_compute(own)));
                            });
        });
  }

  DigitCounts count_next_digit(const LowestCut<Key>& cut) const {
    const TilePass pass(execution_, images_);
    std::vector<DigitCounts> counts(pass.workers, DigitCounts(kDigits));
    for_each_at_cut(cut, pass, [&](std::size_t worker, std::size_t, Key key) {
      if (cut.compare(key) == 0) ++counts[worker][cut.next_digit(key)];
    });
    for (std::size_t worker = 1; worker < counts.size(); ++worker)
      for (std::size_t d = 0; d < kDigits; ++d) counts[0][d] += counts[worker][d];
    return std::move(counts[0]);
  }

  // Moves pixels that are not at the cut's prefix to another level.
  void sort_out_level(const LowestCut<Key>& cut) const {
    for_each_at_cut(cut, TilePass(execution_, images_), [&](std::size_t, std::size_t i, Key key) {
      const int order = cut.compare(key);
      const bool flag = (bytes_[i] & 1) != 0;
      if (order != 0) bytes_[i] = pixel_byte(order < 0 ? kSurelyLowest : kSurelyNot, flag);
    });
  }

  // On one thread, in the order of pixels: the first ones at the cut's level
  // are kept.
  void settle(const LowestCut<Key>& cut) const {
    const std::uint8_t level = cut.level();
    std::size_t left = cut.wanted();
    parallel_blocks(execution_, 1, bytes_.size(), kTilePixels,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      for_each_at_level(bytes_, level, begin, end, [&](std::size_t i) {
                        const bool keep = left > 0;
                        left -= keep ? 1 : 0;
                        bytes_[i] = pixel_byte(keep ? kSurelyLowest : kSurelyNot, bytes_[i] & 1);
                      });
                      for (std::size_t i = begin; i < end; ++i)
                        bytes_[i] = level_in(bytes_[i]) < level ? bytes_[i] & 1 : 0;
                    });
  }

  const ImagesView<T>& images_;
  const LabelsView& labels_;
  const Execution& execution_;
  std::span<std::uint8_t> bytes_;
};

}  // namespace cupel
