#include <algorithm>
#include <cmath>
#include <vector>

#include "core/segmentation/tiles.hpp"

namespace cupel {
namespace {

template <typename Out, typename T>
Out converted(T value) {
  if constexpr (std::is_same_v<T, Out>)
    return value;
  else
    return static_cast<Out>(to_compute(value));
}

struct Softmin {
  double weighted = 0.0, weights = 0.0;
};

}  // namespace

template <typename T, typename Out>
void pixel_scores(const ImagesView<T>& images, const LabelsView& labels, const Execution& execution,
                  std::span<Out> scores) {
  if (scores.empty()) return;
  for_each_tile(execution, TilePass(execution, images), images, labels,
                [&](std::size_t, const Tile<T>& tile) {
                  Out* const out = scores.data() + tile.first();
                  bool good = true;
                  for (std::size_t i = 0; i < tile.size(); ++i) {
                    const T own = tile.own(i);
                    good &= is_probability(static_cast<double>(to_compute(own)));
                    out[i] = converted<Out>(own);
                  }
                  for (std::size_t i = 0; !good && i < tile.size(); ++i) {
                    const auto value = static_cast<double>(to_compute(tile.own(i)));
                    if (!is_probability(value))
                      throw_invalid_pixel(value, static_cast<std::size_t>(tile.given()[i]),
                                          tile.first() + i, images.rows, images.cols);
                  }
                });
}

void softmin_of_images(std::span<const double> scores, double temperature,
                       const Execution& execution, std::span<double> out) {
  if (scores.empty()) return;
  const std::size_t pixels = scores.size() / out.size();
  const ImagesView<double> shape{nullptr, out.size(), 1, 1, pixels};
  const TilePass pass(execution, shape);
  std::vector<Softmin> sums(pass.tiles);
  std::vector<double> largest(pass.tiles);  // exponent; the largest of the image's is subtracted
  const auto tile_of = [&](std::size_t image, std::size_t begin) {
    return image * pass.per_image + begin / kTilePixels;
  };
  for_each_pixel_block(execution, pass, pixels,
                       [&](std::size_t, std::size_t image, std::size_t begin, std::size_t end) {
                         const auto tile = scores.subspan(image * pixels + begin, end - begin);
                         largest[tile_of(image, begin)] =
                             (1.0 - *std::min_element(tile.begin(), tile.end())) / temperature;
                       });
  for_each_pixel_block(execution, pass, pixels,
                       [&](std::size_t, std::size_t image, std::size_t begin, std::size_t end) {
                         const auto first =
                             largest.begin() + static_cast<std::ptrdiff_t>(image * pass.per_image);
                         const double most = *std::max_element(
                             first, first + static_cast<std::ptrdiff_t>(pass.per_image));
                         Softmin sum;
                         for (std::size_t i = begin; i < end; ++i) {
                           const double score = scores[image * pixels + i];
                           const double weight = std::exp((1.0 - score) / temperature - most);
                           sum.weighted += score * weight;
                           sum.weights += weight;
                         }
                         sums[tile_of(image, begin)] = sum;
                       });
  for (std::size_t image = 0; image < out.size(); ++image) {
    Softmin total;
    for (std::size_t t = 0; t < pass.per_image; ++t) {
      total.weighted += sums[image * pass.per_image + t].weighted;
      total.weights += sums[image * pass.per_image + t].weights;
    }
    out[image] = total.weighted / total.weights;
  }
}

#define CUPEL_INSTANTIATE(T, Out)                                                       \
  template void pixel_scores(const ImagesView<T>&, const LabelsView&, const Execution&, \
                             std::span<Out>);
CUPEL_INSTANTIATE(Half, Half)
CUPEL_INSTANTIATE(Half, double)
CUPEL_INSTANTIATE(float, float)
CUPEL_INSTANTIATE(float, double)
CUPEL_INSTANTIATE(double, double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
