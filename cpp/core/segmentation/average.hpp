// Images averaged over squares of pixels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/pairwise.hpp"
#include "core/segmentation/argmax.hpp"
#include "core/segmentation/tiles.hpp"

namespace cupel {

// Labels are averaged as numbers and rounded, half to even. Probabilities are
// averaged in the computing type, each mean, sum and quotient rounded to T, as
// NumPy would, and made to sum to 1. Of each square is kept what is asked for later: its label,
// that label's probability, the argmax and its probability.
template <typename T>
class AveragedImages {
 public:
  using C = Compute<T>;
  using Class = ClassOf<T>;

  // Also sets differs = 1 for the pixels whose argmax is not the given class, and checks all
  // labels and probabilities.
  AveragedImages(const ImagesView<T>& images, const LabelsView& labels, std::size_t side,
                 const Execution& execution, std::span<std::uint8_t> differs)
      : side_(side),
        images_(images.images),
        classes_(images.classes),
        rows_(images.rows / side),
        cols_(images.cols / side),
        own_(std::make_unique_for_overwrite<T[]>(images_ * rows_ * cols_)),
        best_(std::make_unique_for_overwrite<C[]>(images_ * rows_ * cols_)),
        number_(std::make_unique_for_overwrite<Class[]>(images_ * rows_ * cols_)),
        labels_(images_ * rows_ * cols_) {
    const std::size_t strips = images_ * rows_;
    const std::size_t bytes = images_ * images.pixels() * classes_ * sizeof(T);
    const std::size_t workers = worker_count(execution, strips, bytes);
    std::vector<std::unique_ptr<Scratch>> scratch;
    for (std::size_t w = 0; w < workers; ++w)
      scratch.push_back(std::make_unique<Scratch>(classes_, cols_));
    parallel_blocks(execution, workers, strips, 1,
                    [&](std::size_t worker, std::size_t strip, std::size_t) {
                      compare_pixels(images, labels, strip, *scratch[worker], differs);
                      average_labels(*scratch[worker], strip);
                      average_values(images, strip, *scratch[worker]);
                      find_argmax(strip, *scratch[worker]);
                    });
  }

  // The probability of each square's label, for whatever class is asked.
  [[nodiscard]] ImagesView<T> own() const {
    const auto row = static_cast<std::ptrdiff_t>(cols_);
    const auto plane = static_cast<std::ptrdiff_t>(rows_ * cols_);
    return {own_.get(), images_, classes_, rows_, cols_, plane, 0, row, 1};
  }
  [[nodiscard]] LabelsView labels() const {
    return {labels_.data(), labels_.size(), IntegerType::kInt32};
  }
  [[nodiscard]] const C* best() const { return best_.get(); }
  [[nodiscard]] const Class* number() const { return number_.get(); }

 private:
  // Of one worker, for one strip: `side_` rows of an image, a row of squares.
  struct Scratch {
    Scratch(std::size_t classes, std::size_t cols)
        : tile(classes), sums(cols), means(classes * cols), totals(cols), values(classes * cols) {}

    Tile<T> tile;
    Argmax<T, false> of_pixels, of_squares;
    std::vector<std::int64_t> sums;  // of labels
    std::vector<C> means, totals;
    std::vector<T> values;
  };

  void compare_pixels(const ImagesView<T>& images, const LabelsView& labels, std::size_t strip,
                      Scratch& at, std::span<std::uint8_t> differs) const {
    std::fill(at.sums.begin(), at.sums.end(), std::int64_t{0});
    const std::size_t begin = strip % rows_ * side_ * images.cols;
    const std::size_t end = begin + side_ * images.cols;
    for (std::size_t first = begin; first < end; first += kTilePixels) {
      at.tile.load(images, labels, strip / rows_, first, std::min(end, first + kTilePixels));
      at.of_pixels.find_valid(at.tile, images);
      const Class* const given = at.tile.given().data();
      const Class* const number = at.of_pixels.number();
      std::uint8_t* const out = differs.data() + at.tile.first();
      for (std::size_t i = 0; i < at.tile.size(); ++i) out[i] = number[i] != given[i] ? 1 : 0;
      add_labels(at.tile.given(), (first - begin) % images.cols, at.sums);
    }
  }

  // Labels of neighbours, the first one in this column.
  void add_labels(std::span<const Class> given, std::size_t col,
                  std::vector<std::int64_t>& sums) const {
    std::size_t square = col / side_;
    std::size_t left = side_ - col % side_;
    for (std::size_t i = 0; i < given.size(); left = side_) {
      const std::size_t end = std::min(given.size(), i + left);
      std::int64_t sum = 0;
      for (; i < end; ++i) sum += given[i];
      sums[square] += sum;
      square = square + 1 < cols_ ? square + 1 : 0;
    }
  }

  void average_labels(const Scratch& at, std::size_t strip) {
    const auto area = static_cast<std::int64_t>(side_ * side_);
    for (std::size_t c = 0; c < cols_; ++c) {
      const std::int64_t below = at.sums[c] / area;
      const std::int64_t twice = 2 * (at.sums[c] % area);
      const bool up = twice > area || (twice == area && below % 2 == 1);
      labels_[strip * cols_ + c] = static_cast<std::int32_t>(below + (up ? 1 : 0));
    }
  }

  void average_values(const ImagesView<T>& images, std::size_t strip, Scratch& at) const {
    std::fill(at.totals.begin(), at.totals.end(), C{0});
    for (std::size_t k = 0; k < classes_; ++k) {
      const T* const first = images.plane(strip / rows_, k) +
                             static_cast<std::ptrdiff_t>(strip % rows_ * side_) * images.row_stride;
      add_means(images, first, at.means.data() + k * cols_, at.totals.data());
    }
    for (std::size_t k = 0; k < classes_; ++k)
      for (std::size_t c = 0; c < cols_; ++c)
        at.values[k * cols_ + c] = stored(at.means[k * cols_ + c] / at.totals[c]);
  }

  // One plane's means, also added to the totals.
  void add_means(const ImagesView<T>& images, const T* first, C* mean, C* totals) const {
    if (images.col_stride == 1 && side_ == 2)
      add_whole_rows<2>(first, images.row_stride, cols_, mean);
    else if (images.col_stride == 1 && side_ == 4)
      add_whole_rows<4>(first, images.row_stride, cols_, mean);
    else
      add_rows(images, first, mean);
    const auto area = static_cast<C>(side_ * side_);
    for (std::size_t c = 0; c < cols_; ++c) {
      mean[c] = round_to<T>(mean[c] / area);
      totals[c] = round_to<T>(totals[c] + mean[c]);
    }
  }

  void add_rows(const ImagesView<T>& images, const T* first, C* sums) const {
    std::fill(sums, sums + cols_, C{0});
    for (std::size_t r = 0; r < side_; ++r) {
      const T* const row = first + static_cast<std::ptrdiff_t>(r) * images.row_stride;
      const auto value = [&](std::size_t c) {
        return to_compute(row[static_cast<std::ptrdiff_t>(c) * images.col_stride]);
      };
      for (std::size_t c = 0; c < cols_; ++c) sums[c] += pairwise_sum(value, c * side_, side_);
    }
  }

  // The usual squares, of a size known to the compiler: values are added as above.
  template <std::size_t Side>
  static void add_whole_rows(const T* __restrict first, std::ptrdiff_t stride, std::size_t cols,
                             C* __restrict sums) {
    for (std::size_t c = 0; c < cols; ++c) {
      C sum = 0;
      for (std::size_t r = 0; r < Side; ++r) {
        const T* const square = first + static_cast<std::ptrdiff_t>(r) * stride + c * Side;
        C of_row = wide(square[0]);
        for (std::size_t i = 1; i < Side; ++i) of_row += wide(square[i]);
        sum += of_row;
      }
      sums[c] = sum;
    }
  }

  void find_argmax(std::size_t strip, Scratch& at) {
    const auto plane = static_cast<std::ptrdiff_t>(cols_);
    const ImagesView<T> values{at.values.data(), 1, classes_, 1, cols_, 0, plane, plane, 1};
    const LabelsView labels{labels_.data() + strip * cols_, cols_, IntegerType::kInt32};
    for (std::size_t first = 0; first < cols_; first += kTilePixels) {
      at.tile.load(values, labels, 0, first, std::min(cols_, first + kTilePixels));
      at.of_squares.find(at.tile);
      const std::size_t out = strip * cols_ + first;
      std::copy_n(at.of_squares.best(), at.tile.size(), best_.get() + out);
      std::copy_n(at.of_squares.number(), at.tile.size(), number_.get() + out);
      for (std::size_t i = 0; i < at.tile.size(); ++i) own_[out + i] = at.tile.own(i);
    }
  }

  static C wide(T x) {
    if constexpr (std::is_same_v<T, C>)
      return x;
    else
      return widened(x);
  }

  static T stored(C x) {
    if constexpr (std::is_same_v<T, C>)
      return x;
    else
      return float_to_half(x);
  }

  std::size_t side_, images_, classes_, rows_, cols_;
  std::unique_ptr<T[]> own_;
  std::unique_ptr<C[]> best_;
  std::unique_ptr<Class[]> number_;
  std::vector<std::int32_t> labels_;
};

}  // namespace cupel
