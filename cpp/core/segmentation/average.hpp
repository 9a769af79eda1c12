// Images averaged over squares of pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/pairwise.hpp"
#include "core/segmentation/tiles.hpp"

namespace cupel {

// Labels are averaged as numbers and rounded, half to even. Probabilities are
// averaged in the computing type, each mean, sum and quotient rounded to T, as
// NumPy would, and made to sum to 1.
template <typename T>
class AveragedImages {
 public:
  AveragedImages(const ImagesView<T>& images, const LabelsView& labels, std::size_t side,
                 const Execution& execution)
      : side_(side),
        images_(images.images),
        classes_(images.classes),
        rows_(images.rows / side),
        cols_(images.cols / side),
        values_(std::make_unique_for_overwrite<T[]>(images_ * classes_ * rows_ * cols_)),
        labels_(images_ * rows_ * cols_) {
    const std::size_t strips = images_ * rows_;
    const std::size_t bytes = images_ * images.pixels() * classes_ * sizeof(T);
    parallel_blocks(execution, worker_count(execution, strips, bytes), strips, 1,
                    [&](std::size_t, std::size_t strip, std::size_t) {
                      average_labels(images, labels, strip);
                      average_values(images, strip);
                    });
  }

  [[nodiscard]] ImagesView<T> view() const {
    const auto row = static_cast<std::ptrdiff_t>(cols_);
    const auto plane = static_cast<std::ptrdiff_t>(rows_ * cols_);
    return {values_.get(), images_, classes_,
            rows_,         cols_,   plane * static_cast<std::ptrdiff_t>(classes_),
            plane,         row,     1};
  }
  [[nodiscard]] LabelsView labels() const {
    return {labels_.data(), labels_.size(), IntegerType::kInt32};
  }

 private:
  void average_labels(const ImagesView<T>& images, const LabelsView& labels, std::size_t strip) {
    std::vector<std::int64_t> given(images.cols);
    std::vector<std::int64_t> sums(cols_);
    for (std::size_t r = 0; r < side_; ++r) {
      const std::size_t first = (strip * side_ + r) * images.cols;
      labels.load(first, images.cols, given.data());
      for (std::size_t c = 0; c < images.cols; ++c) {
        if (static_cast<std::uint64_t>(given[c]) >= classes_)
          throw_invalid_pixel_label(given[c], first + c, images.rows, images.cols, classes_);
        sums[c / side_] += given[c];
      }
    }
    const auto area = static_cast<std::int64_t>(side_ * side_);
    for (std::size_t c = 0; c < cols_; ++c) {
      const std::int64_t below = sums[c] / area;
      const std::int64_t twice = 2 * (sums[c] % area);
      const bool up = twice > area || (twice == area && below % 2 == 1);
      labels_[strip * cols_ + c] = static_cast<std::int32_t>(below + (up ? 1 : 0));
    }
  }

  void average_values(const ImagesView<T>& images, std::size_t strip) {
    const std::size_t image = strip / rows_;
    const std::size_t row = strip % rows_;
    std::vector<Compute<T>> means(classes_ * cols_);
    std::vector<Compute<T>> totals(cols_);
    const auto area = static_cast<Compute<T>>(side_ * side_);
    for (std::size_t k = 0; k < classes_; ++k) {
      Compute<T>* const mean = means.data() + k * cols_;
      for (std::size_t r = 0; r < side_; ++r)
        add_row(images,
                images.plane(image, k) +
                    static_cast<std::ptrdiff_t>(row * side_ + r) * images.row_stride,
                mean);
      for (std::size_t c = 0; c < cols_; ++c) {
        mean[c] = round_to<T>(mean[c] / area);
        totals[c] = round_to<T>(totals[c] + mean[c]);
      }
    }
    for (std::size_t k = 0; k < classes_; ++k) {
      T* const out = values_.get() + ((image * classes_ + k) * rows_ + row) * cols_;
      for (std::size_t c = 0; c < cols_; ++c) out[c] = stored(means[k * cols_ + c] / totals[c]);
    }
  }

  // Adds the sum of each square's values in one row of a plane.
  void add_row(const ImagesView<T>& images, const T* row, Compute<T>* sums) const {
    if (images.col_stride == 1 && side_ == 2) return add_whole_row<2>(row, sums);
    if (images.col_stride == 1 && side_ == 4) return add_whole_row<4>(row, sums);
    const auto value = [&](std::size_t c) {
      return to_compute(row[static_cast<std::ptrdiff_t>(c) * images.col_stride]);
    };
    for (std::size_t c = 0; c < cols_; ++c) sums[c] += pairwise_sum(value, c * side_, side_);
  }

  // The usual squares, of a size known to the compiler: values are added as above.
  template <std::size_t Side>
  void add_whole_row(const T* row, Compute<T>* sums) const {
    for (std::size_t c = 0; c < cols_; ++c) {
      Compute<T> sum = to_compute(row[c * Side]);
      for (std::size_t i = 1; i < Side; ++i) sum += to_compute(row[c * Side + i]);
      sums[c] += sum;
    }
  }

  static T stored(Compute<T> x) {
    if constexpr (std::is_same_v<T, Compute<T>>)
      return x;
    else
      return float_to_half(x);
  }

  std::size_t side_, images_, classes_, rows_, cols_;
  std::unique_ptr<T[]> values_;
  std::vector<std::int32_t> labels_;
};

}  // namespace cupel
