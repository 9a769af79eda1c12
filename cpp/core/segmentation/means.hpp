// Thresholds of classes over pixels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/pairwise.hpp"
#include "core/segmentation/tiles.hpp"

namespace cupel {

inline constexpr double kLowestPixelThreshold = 2e-6;

// The mean as NumPy's mean() of an array of T gives it, to the last bit:
// float16 is widened to float32 in buffers of 8192 numbers, and the mean is
// rounded to T. Requires values.
template <typename T>
double mean_in_type(std::span<const Compute<T>> values) {
  constexpr bool buffered = sizeof(T) < sizeof(Compute<T>);
  const std::size_t most = buffered ? 8192 : std::numeric_limits<std::size_t>::max();
  Compute<T> sum = 0;
  for (std::size_t begin = 0; begin < values.size();) {
    const std::size_t count = std::min(most, values.size() - begin);
    sum += pairwise_sum([&](std::size_t i) { return values[i]; }, begin, count);
    begin += count;
  }
  return static_cast<double>(round_to<T>(sum / static_cast<Compute<T>>(values.size())));
}

// Mean self-confidence and number of the pixels of each class, in one batch of
// images.
struct BatchMeans {
  std::vector<double> means;  // of a class with pixels
  std::vector<std::int64_t> counts;
};

template <typename T>
class BatchReader {
 public:
  explicit BatchReader(std::size_t classes) : tile_(classes), begins_(classes + 1) {}

  // The images [begin, end).
  BatchMeans read(const ImagesView<T>& images, const LabelsView& labels, std::size_t begin,
                  std::size_t end) {
    load_labels(images, labels, begin, end);
    sort_values(images, begin, end);
    const std::size_t classes = begins_.size() - 1;
    BatchMeans out{std::vector<double>(classes), std::vector<std::int64_t>(classes)};
    for (std::size_t k = 0; k < classes; ++k) {
      const std::size_t count = begins_[k + 1] - begins_[k];
      out.counts[k] = static_cast<std::int64_t>(count);
      if (count != 0)
        out.means[k] = std::max(
            kLowestPixelThreshold,
            mean_in_type<T>(std::span<const Compute<T>>(sorted_).subspan(begins_[k], count)));
    }
    return out;
  }

 private:
  template <typename F>
  static void for_each_range(const ImagesView<T>& images, std::size_t begin, std::size_t end,
                             const F& f) {
    for (std::size_t image = begin; image < end; ++image)
      for (std::size_t first = 0; first < images.pixels(); first += kTilePixels)
        f(image, first, std::min(images.pixels(), first + kTilePixels));
  }

  // Calls f(k, i, j) for the pixels [i, j), which are all of class k: neighbours often are.
  template <typename F>
  static void for_each_run(std::span<const ClassOf<T>> given, const F& f) {
    for (std::size_t i = 0; i < given.size();) {
      const ClassOf<T> k = given[i];
      std::size_t j = i + 1;
      while (j < given.size() && given[j] == k) ++j;
      f(static_cast<std::size_t>(k), i, j);
      i = j;
    }
  }

  // Also where each class begins among the pixels sorted by class.
  void load_labels(const ImagesView<T>& images, const LabelsView& labels, std::size_t begin,
                   std::size_t end) {
    given_.clear();
    std::fill(begins_.begin(), begins_.end(), std::size_t{0});
    for_each_range(images, begin, end, [&](std::size_t image, std::size_t first, std::size_t last) {
      tile_.load_labels(images, labels, image, first, last);
      const std::span<const ClassOf<T>> given = tile_.given();
      given_.insert(given_.end(), given.begin(), given.end());
      for_each_run(given,
                   [&](std::size_t k, std::size_t i, std::size_t j) { begins_[k + 1] += j - i; });
    });
    for (std::size_t k = 1; k < begins_.size(); ++k) begins_[k] += begins_[k - 1];
  }

  // The probabilities of given classes, class after class, in the order of pixels.
  void sort_values(const ImagesView<T>& images, std::size_t begin, std::size_t end) {
    sorted_.resize(given_.size());
    std::vector<std::size_t> next(begins_);
    const ClassOf<T>* given = given_.data();
    for_each_range(images, begin, end, [&](std::size_t image, std::size_t first, std::size_t last) {
      tile_.load_planes(images, image, first, last);
      for_each_run({given, last - first}, [&](std::size_t k, std::size_t i, std::size_t j) {
        const T* const plane = tile_.plane(k);
        Compute<T>* const out = sorted_.data() + next[k];
        for (std::size_t c = i; c < j; ++c) out[c - i] = to_compute(plane[c]);
        next[k] += j - i;
      });
      given += last - first;
    });
  }

  Tile<T> tile_;
  std::vector<std::size_t> begins_;  // of each class in sorted_
  std::vector<ClassOf<T>> given_;
  std::vector<Compute<T>> sorted_;
};

// The thresholds: batch after batch, the running mean of the batches' means
// weighted by counts, and the lowest threshold for a class without pixels.
template <typename T>
std::vector<double> pixel_thresholds(const ImagesView<T>& images, const LabelsView& labels,
                                     std::size_t images_per_batch, const Execution& execution) {
  const std::size_t per_batch = std::min(images_per_batch, images.images);
  const std::size_t number = (images.images + per_batch - 1) / per_batch;
  std::vector<BatchMeans> batches(number);
  const std::size_t workers =
      worker_count(execution, number, images.images * images.pixels() * sizeof(T));
  std::vector<BatchReader<T>> readers(workers, BatchReader<T>(images.classes));
  parallel_blocks(execution, workers, images.images, per_batch,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    batches[begin / per_batch] = readers[worker].read(images, labels, begin, end);
                  });
  std::vector<double> thresholds(images.classes, kLowestPixelThreshold);
  std::vector<double> seen(images.classes);
  for (const BatchMeans& batch : batches)
    for (std::size_t k = 0; k < images.classes; ++k) {
      if (batch.counts[k] == 0) continue;
      const auto count = static_cast<double>(batch.counts[k]);
      thresholds[k] = (thresholds[k] * seen[k] + batch.means[k] * count) / (seen[k] + count);
      seen[k] += count;
    }
  return thresholds;
}

}  // namespace cupel
