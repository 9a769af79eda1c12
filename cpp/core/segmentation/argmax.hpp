// The most probable class of each pixel of a tile.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "core/segmentation/tiles.hpp"

namespace cupel {

// half_to_float without branches, so that loops over it vectorise.
inline float widened(Half half) {
  const std::uint32_t magnitude = half.bits & 0x7fffu;
  const std::uint32_t normal = (magnitude << 13) + 0x38000000u;
  const float small = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  const std::uint32_t special = normal + 0x38000000u;  // infinity or nan
  const std::uint32_t bits = magnitude < 0x400u     ? std::bit_cast<std::uint32_t>(small)
                             : magnitude >= 0x7c00u ? special
                                                    : normal;
  return std::bit_cast<float>(bits | static_cast<std::uint32_t>(half.bits & 0x8000u) << 16);
}

// What find() found: per pixel the argmax, its probability and that of the
// given class.
template <typename T>
class Argmax {
 public:
  using C = Compute<T>;
  using Class = ClassOf<T>;

  // Throws for a probability outside [0, 1], if `check`.
  void find(const Tile<T>& tile, const ImagesView<T>& images, bool check) {
    const std::size_t n = tile.size();
    const C* const first = computable(tile.plane(0), 0, n);
    Class bad = 0;
    for (std::size_t i = 0; i < n; ++i) {
      best_[i] = own_[i] = first[i];
      number_[i] = 0;
    }
    for (std::size_t i = 0; i < n; ++i) bad |= outside(first[i]);
    std::size_t k = 1;
    for (; k + kPlanes <= tile.classes(); k += kPlanes) bad |= add_planes<kPlanes>(tile, k);
    for (; k < tile.classes(); ++k) bad |= add_planes<1>(tile, k);
    if (check && bad != 0) throw_first_invalid(tile, images);
  }

  [[nodiscard]] const C* best() const { return best_; }
  [[nodiscard]] const C* own() const { return own_; }
  [[nodiscard]] const Class* number() const { return number_; }

 private:
  static constexpr std::size_t kPlanes = 4;  // at a time: fewer loads and stores of the columns
  static constexpr C kLowest = static_cast<C>(-kProbabilityTolerance);
  static constexpr C kHighest = static_cast<C>(1.0 + kProbabilityTolerance);

  static Class outside(C value) {
    return static_cast<Class>(!(value >= kLowest)) | static_cast<Class>(!(value <= kHighest));
  }

  // Classes [first, first + Planes). Returns 0 if all values are in range.
  template <std::size_t Planes>
  Class add_planes(const Tile<T>& tile, std::size_t first) {
    std::array<const C*, Planes> values;
    for (std::size_t p = 0; p < Planes; ++p)
      values[p] = computable(tile.plane(first + p), p, tile.size());
    return add_values(values, static_cast<Class>(first), tile.given().data(), tile.size(), best_,
                      own_, number_);
  }

  // __restrict: no plane and no label overlaps what this writes; without it nothing vectorises.
  template <std::size_t Planes>
  static Class add_values(const std::array<const C*, Planes>& values, Class first,
                          const Class* given, std::size_t n, C* __restrict best_of,
                          C* __restrict own_of, Class* __restrict number_of) {
    Class bad = 0;
    for (std::size_t i = 0; i < n; ++i) {
      C best = best_of[i];
      C own = own_of[i];
      Class number = number_of[i];
      for (std::size_t p = 0; p < Planes; ++p) {
        const auto k = static_cast<Class>(first + static_cast<Class>(p));
        const C value = values[p][i];
        number = value > best ? k : number;
        best = value > best ? value : best;
        own = given[i] == k ? value : own;
        bad |= outside(value);
      }
      best_of[i] = best;
      own_of[i] = own;
      number_of[i] = number;
    }
    return bad;
  }

  // The plane's values in the type to compute with, in buffer `slot` if they
  // have to be converted.
  const C* computable(const T* plane, [[maybe_unused]] std::size_t slot,
                      [[maybe_unused]] std::size_t n) {
    if constexpr (std::is_same_v<T, C>) {
      return plane;
    } else {
      C* const out = wide_ + slot * kTilePixels;
      for (std::size_t i = 0; i < n; ++i) out[i] = widened(plane[i]);
      return out;
    }
  }

  static void throw_first_invalid(const Tile<T>& tile, const ImagesView<T>& images) {
    for (std::size_t i = 0; i < tile.size(); ++i)
      for (std::size_t k = 0; k < tile.classes(); ++k) {
        const C value = to_compute(tile.plane(k)[i]);
        if (!(value >= kLowest && value <= kHighest))
          throw_invalid_pixel(static_cast<double>(value), k, tile.first() + i, images.rows,
                              images.cols);
      }
    throw std::invalid_argument("pred_probs changed during the call");
  }

  C best_[kTilePixels];
  C own_[kTilePixels];
  Class number_[kTilePixels];
  C wide_[std::is_same_v<T, C> ? 1 : kPlanes * kTilePixels];
};

}  // namespace cupel
