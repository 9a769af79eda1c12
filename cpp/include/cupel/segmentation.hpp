// Wrong labels of pixels: images whose pixels have a given class and probabilities of classes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

// Probabilities of the pixels of images: one plane of rows x cols values per image and class.
// Strides are in elements and may be anything, so that crops, every other image and planes that
// were moved from the last axis are read where they lie; planes without gaps are fastest.
// Thread-safe to read; the memory must outlive the view.
template <typename T>
struct ImagesView {
  const T* data = nullptr;
  std::size_t images = 0, classes = 0, rows = 0, cols = 0;
  std::ptrdiff_t image_stride = 0, class_stride = 0, row_stride = 0, col_stride = 0;

  [[nodiscard]] std::size_t pixels() const { return rows * cols; }  // of one image
  [[nodiscard]] const T* plane(std::size_t image, std::size_t k) const {
    return data + static_cast<std::ptrdiff_t>(image) * image_stride +
           static_cast<std::ptrdiff_t>(k) * class_stride;
  }
};

// In all of what follows labels, masks and scores have one value per pixel: image after image, row
// after row. Images are read in blocks; every value that is used is checked, and a bad one throws
// std::invalid_argument that names its place. The argmax is the lowest class of equals.
// T is Half, float or double.

struct PixelIssueOptions {
  // Thresholds are means of the means of so many images each, weighted by counts: in exact
  // arithmetic the mean over all. At least 1.
  std::size_t images_per_batch = 1;
  // Labels and probabilities are averaged over squares of so many pixels a side first. Divides rows
  // and cols.
  std::size_t downsample = 1;
};

// mask = 1 where a label is likely wrong: among the n pixels whose given class has the lowest
// probability (ties by position), n being the number of pixels that confidently are of another
// class, those whose argmax is another class. With downsample > 1 the n are averaged squares, and
// all pixels of such a square count as among them. Checks all labels and probabilities.
//
// Means are rounded to T, in NumPy's order of adding, a batch on one thread. O(images * classes *
// pixels): one pass over all planes, one over the values of given labels, and passes over the mask
// that read few of those values again. Memory: one batch's values of the given labels per thread;
// with downsample > 1 also four numbers per square, and the averages of a row of squares per
// thread.
template <typename T>
void find_pixel_issues(const ImagesView<T>& images, const LabelsView& labels,
                       const PixelIssueOptions& options, const Execution& execution,
                       std::span<std::uint8_t> mask);

// scores = probability of each pixel's given class. Out is T or double. O(images * pixels).
template <typename T, typename Out>
void pixel_scores(const ImagesView<T>& images, const LabelsView& labels, const Execution& execution,
                  std::span<Out> scores);

// out[i] = mean of image i's scores s, weighted by exp((1 - s) / temperature). Requires
// temperature > 0 and scores.size() to be a multiple of out.size(). Added in
// blocks of fixed size, the blocks in order. O(scores.size()).
void softmin_of_images(std::span<const double> scores, double temperature,
                       const Execution& execution, std::span<double> out);

// counts[given * classes + argmax] = number of pixels with mask != 0. Checks the probabilities of
// these pixels only, and reads no others where these are few: O(classes * such pixels + pixels).
// Integers, so that order does not matter; classes^2 of them per thread.
template <typename T>
void count_pixel_issues(const ImagesView<T>& images, const LabelsView& labels,
                        std::span<const std::uint8_t> mask, const Execution& execution,
                        std::span<std::int64_t> counts);

// out = 1 where mask != 0 and the given class or the argmax is `wanted`. Costs as above.
template <typename T>
void pixel_issues_of_class(const ImagesView<T>& images, const LabelsView& labels,
                           std::span<const std::uint8_t> mask, std::size_t wanted,
                           const Execution& execution, std::span<std::uint8_t> out);

}  // namespace cupel
