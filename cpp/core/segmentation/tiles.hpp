// Passes over the pixels of images in tiles: blocks of pixels of one image with
// their labels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "core/parallel.hpp"
#include "core/scalar.hpp"
#include "cupel/segmentation.hpp"

namespace cupel {

inline constexpr std::size_t kTilePixels = 2048;

// A class number as wide as the values it is worked out from, so that loops
// over both vectorise.
template <typename T>
using ClassOf = std::conditional_t<sizeof(Compute<T>) == 8, std::int64_t, std::int32_t>;

// nan is none.
inline bool is_probability(double value) {
  return value >= -kProbabilityTolerance && value <= 1.0 + kProbabilityTolerance;
}

// Throws std::invalid_argument: the label at `position`, counted over all
// images, is no class.
[[noreturn]] void throw_invalid_pixel_label(std::int64_t label, std::size_t position,
                                            std::size_t rows, std::size_t cols,
                                            std::size_t classes);

// Throws std::invalid_argument: the probability of class k at `position` is not
// in [0, 1].
[[noreturn]] void throw_invalid_pixel(double value, std::size_t k, std::size_t position,
                                      std::size_t rows, std::size_t cols);

// One tile, loaded. Reused from tile to tile, one per worker.
template <typename T>
class Tile {
 public:
  explicit Tile(std::size_t classes) : planes_(classes), given_(kTilePixels) {}

  // Loads pixels [begin, end) of an image. Requires end - begin <= kTilePixels.
  void load(const ImagesView<T>& images, const LabelsView& labels, std::size_t image,
            std::size_t begin, std::size_t end) {
    load_labels(images, labels, image, begin, end);
    load_planes(images, image, begin, end);
  }

  // Labels are copied and then checked, so that what was checked is what is used even if another
  // thread writes to the caller's array.
  void load_labels(const ImagesView<T>& images, const LabelsView& labels, std::size_t image,
                   std::size_t begin, std::size_t end) {
    place(images, image, begin, end);
    std::int64_t loaded[kTilePixels];
    labels.load(first_, size_, loaded);
    bool any_bad = false;  // without an early exit, so that compilers vectorise the loop
    for (std::size_t i = 0; i < size_; ++i) {
      any_bad |= static_cast<std::uint64_t>(loaded[i]) >= planes_.size();  // also negative ones
      given_[i] = static_cast<ClassOf<T>>(loaded[i]);
    }
    if (!any_bad) return;
    std::size_t i = 0;
    while (static_cast<std::uint64_t>(loaded[i]) < planes_.size()) ++i;
    throw_invalid_pixel_label(loaded[i], first_ + i, images.rows, images.cols, planes_.size());
  }

  void load_planes(const ImagesView<T>& images, std::size_t image, std::size_t begin,
                   std::size_t end) {
    place(images, image, begin, end);
    const bool whole =
        images.col_stride == 1 && images.row_stride == static_cast<std::ptrdiff_t>(images.cols);
    if (!whole) values_.resize(planes_.size() * kTilePixels);
    for (std::size_t k = 0; k < planes_.size(); ++k)
      planes_[k] = whole ? images.plane(image, k) + begin : gather_plane(images, image, k, begin);
  }

  // Keeps these pixels of those loaded, ascending, which must outlive the tile's use.
  void keep(std::span<const std::uint32_t> pixels) {
    for (std::size_t i = 0; i < pixels.size(); ++i) given_[i] = given_[pixels[i]];
    kept_ = pixels;
    size_ = pixels.size();
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  // Number of the first pixel, counted over all images.
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t classes() const { return planes_.size(); }
  [[nodiscard]] std::span<const ClassOf<T>> given() const { return {given_.data(), size_}; }
  // Of all pixels loaded.
  [[nodiscard]] const T* plane(std::size_t k) const { return planes_[k]; }
  // The pixels kept, in planes; empty if that is all.
  [[nodiscard]] std::span<const std::uint32_t> kept() const { return kept_; }
  // The number of pixel i, counted over all images.
  [[nodiscard]] std::size_t position(std::size_t i) const { return first_ + place_in_plane(i); }

  // The probability of a pixel's class k.
  [[nodiscard]] T value(std::size_t k, std::size_t i) const {
    return planes_[k][place_in_plane(i)];
  }
  // The probability of a pixel's given class, in a tile that keeps all pixels.
  [[nodiscard]] T own(std::size_t i) const {
    return planes_[static_cast<std::size_t>(given_[i])][i];
  }

 private:
  void place(const ImagesView<T>& images, std::size_t image, std::size_t begin, std::size_t end) {
    first_ = image * images.pixels() + begin;
    size_ = end - begin;
    kept_ = {};
  }

  [[nodiscard]] std::size_t place_in_plane(std::size_t i) const {
    return kept_.empty() ? i : kept_[i];
  }

  // Copies the pixels of a plane that does not lie in one piece.
  const T* gather_plane(const ImagesView<T>& images, std::size_t image, std::size_t k,
                        std::size_t begin) {
    T* const out = values_.data() + k * kTilePixels;
    const T* const plane = images.plane(image, k);
    std::size_t row = begin / images.cols;
    std::size_t col = begin % images.cols;
    for (std::size_t i = 0; i < size_; ++row, col = 0) {
      const std::size_t count = std::min(size_ - i, images.cols - col);
      const T* const from = plane + static_cast<std::ptrdiff_t>(row) * images.row_stride +
                            static_cast<std::ptrdiff_t>(col) * images.col_stride;
      for (std::size_t j = 0; j < count; ++j)
        out[i + j] = from[static_cast<std::ptrdiff_t>(j) * images.col_stride];
      i += count;
    }
    return out;
  }

  std::vector<const T*> planes_;
  std::vector<ClassOf<T>> given_;
  std::vector<T> values_;
  std::span<const std::uint32_t> kept_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

// The probability of the given class of one pixel, `position` counted over all
// images.
template <typename T>
T own_probability(const ImagesView<T>& images, const LabelsView& labels, std::size_t image,
                  std::size_t position) {
  std::int64_t label = 0;
  labels.load(position, 1, &label);
  if (static_cast<std::uint64_t>(label) >= images.classes)
    throw_invalid_pixel_label(label, position, images.rows, images.cols, images.classes);
  const std::size_t pixel = position - image * images.pixels();
  return images.plane(
      image, static_cast<std::size_t>(
                 label))[static_cast<std::ptrdiff_t>(pixel / images.cols) * images.row_stride +
                         static_cast<std::ptrdiff_t>(pixel % images.cols) * images.col_stride];
}

// How a pass over all tiles is split.
struct TilePass {
  std::size_t per_image;
  std::size_t tiles;
  std::size_t workers;

  template <typename T>
  TilePass(const Execution& execution, const ImagesView<T>& images)
      : per_image((images.pixels() + kTilePixels - 1) / kTilePixels),
        tiles(images.images * per_image),
        workers(worker_count(execution, tiles,
                             images.images * images.pixels() * images.classes * sizeof(T))) {}
};

// Calls body(worker, image, begin, end) for the pixels [begin, end) of every
// tile.
template <typename Body>
void for_each_pixel_block(const Execution& execution, const TilePass& pass, std::size_t pixels,
                          const Body& body) {
  parallel_blocks(execution, pass.workers, pass.tiles, 1,
                  [&](std::size_t worker, std::size_t number, std::size_t) {
                    const std::size_t begin = number % pass.per_image * kTilePixels;
                    body(worker, number / pass.per_image, begin,
                         std::min(pixels, begin + kTilePixels));
                  });
}

// Calls body(worker, tile) for all tiles.
template <typename T, typename Body>
void for_each_tile(const Execution& execution, const TilePass& pass, const ImagesView<T>& images,
                   const LabelsView& labels, const Body& body) {
  std::vector<Tile<T>> tiles(pass.workers, Tile<T>(images.classes));
  for_each_pixel_block(
      execution, pass, images.pixels(),
      [&](std::size_t worker, std::size_t image, std::size_t begin, std::size_t end) {
        tiles[worker].load(images, labels, image, begin, end);
        body(worker, static_cast<const Tile<T>&>(tiles[worker]));
      });
}

}  // namespace cupel
