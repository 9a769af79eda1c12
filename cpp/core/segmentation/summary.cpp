#include <algorithm>
#include <limits>
#include <vector>

#include "core/segmentation/tiles.hpp"

namespace cupel {
namespace {

// The pixels of a tile that are flagged, which are few as a rule, and their argmax.
template <typename T>
class FlaggedPixels {
 public:
  explicit FlaggedPixels(std::size_t classes) : tile_(classes) {}

  // Calls f(given, argmax, pixel) for each of them, pixels counted over all images.
  template <typename F>
  void visit(const ImagesView<T>& images, const LabelsView& labels,
             std::span<const std::uint8_t> flags, std::size_t image, std::size_t begin,
             std::size_t end, const F& f) {
    pixels_.clear();
    for (std::size_t i = 0; i < flags.size(); ++i)
      if (flags[i] != 0) pixels_.push_back(i);
    if (pixels_.empty()) return;
    tile_.load(images, labels, image, begin, end);
    find_argmax(images);
    for (std::size_t p = 0; p < pixels_.size(); ++p)
      f(static_cast<std::size_t>(tile_.given()[pixels_[p]]), number_[p],
        tile_.first() + pixels_[p]);
  }

 private:
  void find_argmax(const ImagesView<T>& images) {
    best_.assign(pixels_.size(), -std::numeric_limits<Compute<T>>::infinity());
    number_.assign(pixels_.size(), 0);
    for (std::size_t k = 0; k < tile_.classes(); ++k) {
      const T* const plane = tile_.plane(k);
      for (std::size_t p = 0; p < pixels_.size(); ++p) {
        const Compute<T> value = to_compute(plane[pixels_[p]]);
        if (!is_probability(static_cast<double>(value)))
          throw_invalid_pixel(static_cast<double>(value), k, tile_.first() + pixels_[p],
                              images.rows, images.cols);
        number_[p] = value > best_[p] ? k : number_[p];
        best_[p] = value > best_[p] ? value : best_[p];
      }
    }
  }

  Tile<T> tile_;
  std::vector<std::size_t> pixels_;
  std::vector<std::size_t> number_;
  std::vector<Compute<T>> best_;
};

// Calls body(worker, given, argmax, pixel) for all flagged pixels.
template <typename T, typename Body>
void for_each_flagged_pixel(const Execution& execution, const TilePass& pass,
                            const ImagesView<T>& images, const LabelsView& labels,
                            std::span<const std::uint8_t> mask, const Body& body) {
  std::vector<FlaggedPixels<T>> flagged(pass.workers, FlaggedPixels<T>(images.classes));
  for_each_pixel_block(
      execution, pass, images.pixels(),
      [&](std::size_t worker, std::size_t image, std::size_t begin, std::size_t end) {
        const auto flags = mask.subspan(image * images.pixels() + begin, end - begin);
        flagged[worker].visit(images, labels, flags, image, begin, end,
                              [&](std::size_t given, std::size_t number, std::size_t pixel) {
                                body(worker, given, number, pixel);
                              });
      });
}

}  // namespace

template <typename T>
void count_pixel_issues(const ImagesView<T>& images, const LabelsView& labels,
                        std::span<const std::uint8_t> mask, const Execution& execution,
                        std::span<std::int64_t> counts) {
  std::fill(counts.begin(), counts.end(), std::int64_t{0});
  if (mask.empty()) return;
  const TilePass pass(execution, images);
  std::vector<std::vector<std::int64_t>> shards(pass.workers,
                                                std::vector<std::int64_t>(counts.size()));
  for_each_flagged_pixel(execution, pass, images, labels, mask,
                         [&](std::size_t worker, std::size_t given, std::size_t number,
                             std::size_t) { ++shards[worker][given * images.classes + number]; });
  for (const auto& shard : shards)
    for (std::size_t cell = 0; cell < counts.size(); ++cell) counts[cell] += shard[cell];
}

template <typename T>
void pixel_issues_of_class(const ImagesView<T>& images, const LabelsView& labels,
                           std::span<const std::uint8_t> mask, std::size_t wanted,
                           const Execution& execution, std::span<std::uint8_t> out) {
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  if (mask.empty()) return;
  for_each_flagged_pixel(
      execution, TilePass(execution, images), images, labels, mask,
      [&](std::size_t, std::size_t given, std::size_t number, std::size_t pixel) {
        out[pixel] = given == wanted || number == wanted ? 1 : 0;
      });
}

#define CUPEL_INSTANTIATE(T)                                                        \
  template void count_pixel_issues(const ImagesView<T>&, const LabelsView&,         \
                                   std::span<const std::uint8_t>, const Execution&, \
                                   std::span<std::int64_t>);                        \
  template void pixel_issues_of_class(const ImagesView<T>&, const LabelsView&,      \
                                      std::span<const std::uint8_t>, std::size_t,   \
                                      const Execution&, std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
