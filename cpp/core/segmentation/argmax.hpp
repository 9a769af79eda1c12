// The most probable class of each pixel of a tile.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "core/prefetch.hpp"
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

// What find() found: per pixel the argmax, its probability and, if asked for, that of the given
// class.
template <typename T, bool with_own = true>
class Argmax {
 public:
  using C = Compute<T>;
  using Class = ClassOf<T>;

  // Throws for a probability outside [0, 1].
  void find_valid(const Tile<T>& tile, const ImagesView<T>& images) {
    if (!find(tile)) throw_first_invalid(tile, images);
  }

  // Whether all probabilities are in [0, 1]; nan is not.
  bool find(const Tile<T>& tile) {
    const std::size_t n = tile.size();
    const C* const first = computable(tile, 0, 0);
    Class bad = 0;
    for (std::size_t i = 0; i < n; ++i) {
      best_[i] = own_[i] = first[i];
      number_[i] = 0;
    }
    for (std::size_t i = 0; i < n; ++i) bad |= too_low(first[i]);
    std::size_t k = 1;
    for (; k + kPlanes <= tile.classes(); k += kPlanes) bad |= add_planes<kPlanes>(tile, k);
    for (; k < tile.classes(); ++k) bad |= add_planes<1>(tile, k);
    for (std::size_t i = 0; i < n; ++i) bad |= static_cast<Class>(!(best_[i] <= kHighest));
    return bad == 0;
  }

  [[nodiscard]] const C* best() const { return best_; }
  [[nodiscard]] const C* own() const { return own_; }
  [[nodiscard]] const Class* number() const { return number_; }

 private:
  static constexpr std::size_t kPlanes = 4;  // at a time: fewer loads and stores of the columns
  static constexpr C kLowest = static_cast<C>(-kProbabilityTolerance);
  static constexpr C kHighest = static_cast<C>(1.0 + kProbabilityTolerance);

  // Or nan. What is too high shows in the highest of a pixel's values.
  static Class too_low(C value) { return static_cast<Class>(!(value >= kLowest)); }

  // Classes [first, first + Planes). Returns 0 if no value is too low.
  template <std::size_t Planes>
  Class add_planes(const Tile<T>& tile, std::size_t first) {
    std::array<const C*, Planes> values;
    for (std::size_t p = 0; p < Planes; ++p) values[p] = computable(tile, first + p, p);
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
      [[maybe_unused]] C own = with_own ? own_of[i] : C{0};
      Class number = number_of[i];
      for (std::size_t p = 0; p < Planes; ++p) {
        const auto k = static_cast<Class>(first + static_cast<Class>(p));
        const C value = values[p][i];
        number = value > best ? k : number;
        best = value > best ? value : best;
        if constexpr (with_own) own = given[i] == k ? value : own;
        bad |= too_low(value);
      }
      best_of[i] = best;
      if constexpr (with_own) own_of[i] = own;
      number_of[i] = number;
    }
    return bad;
  }

  // A plane's values in the type to compute with: in buffer `slot` if they have to be converted or
  // do not lie one after another.
  const C* computable(const Tile<T>& tile, std::size_t k, std::size_t slot) {
    const T* const plane = tile.plane(k);
    C* const out = wide_ + slot * kTilePixels;
    if (!tile.kept().empty()) {
      gather(tile.kept(), plane, tile.plane(std::min(k + kPlanes, tile.classes() - 1)), out);
      return out;
    }
    if constexpr (std::is_same_v<T, C>) {
      return plane;
    } else {
      for (std::size_t i = 0; i < tile.size(); ++i) out[i] = widened(plane[i]);
      return out;
    }
  }

  // Also asks for the pixels' values in a plane that is read soon.
  static void gather(std::span<const std::uint32_t> pixels, const T* plane, const T* later,
                     C* __restrict out) {
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      prefetch(later + pixels[i]);
      out[i] = to_compute(plane[pixels[i]]);
    }
  }

  static void throw_first_invalid(const Tile<T>& tile, const ImagesView<T>& images) {
    for (std::size_t i = 0; i < tile.size(); ++i)
      for (std::size_t k = 0; k < tile.classes(); ++k) {
        const C value = to_compute(tile.value(k, i));
        if (!(value >= kLowest && value <= kHighest))
          throw_invalid_pixel(static_cast<double>(value), k, tile.position(i), images.rows,
                              images.cols);
      }
    throw std::invalid_argument("pred_probs changed during the call");
  }

  C best_[kTilePixels];
  C own_[kTilePixels];
  Class number_[kTilePixels];
  C wide_[kPlanes * kTilePixels];
};

}  // namespace cupel
