#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "core/segmentation/argmax.hpp"
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
    const std::span<const std::uint32_t> pixels = flagged(flags);
    if (pixels.empty()) return;
    tile_.load(images, labels, image, begin, end);
    // Planes are read on and on faster than here and there, but who knows what is not flagged.
    const bool whole = pixels.size() >= flags.size() / kMany && argmax_.find(tile_);
    if (!whole) {
      tile_.keep(pixels);
      argmax_.find_valid(tile_, images);
    }
    for (std::size_t p = 0; p < pixels.size(); ++p) {
      const std::size_t i = whole ? pixels[p] : p;
      f(static_cast<std::size_t>(tile_.given()[i]), static_cast<std::size_t>(argmax_.number()[i]),
        tile_.position(i));
    }
  }

 private:
  static constexpr std::size_t kMany = 8;  // one in so many

  // Without a branch per pixel, which would often be predicted wrong.
  std::span<const std::uint32_t> flagged(std::span<const std::uint8_t> flags) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < flags.size(); ++i) {
      pixels_[count] = static_cast<std::uint32_t>(i);
      count += flags[i] != 0 ? 1 : 0;
    }
    return {pixels_.data(), count};
  }

  Tile<T> tile_;
  Argmax<T, false> argmax_;
  std::array<std::uint32_t, kTilePixels> pixels_;
};

// Calls body(worker, given, argmax, pixel) for all flagged pixels.
template <typename T, typename Body>
void for_each_flagged_pixel(const Execution& execution, const TilePass& pass,
                            const ImagesView<T>& images, const LabelsView& labels,
                            std::span<const std::uint8_t> mask, const Body& body) {
  std::vector<std::unique_ptr<FlaggedPixels<T>>> flagged;
  for (std::size_t w = 0; w < pass.workers; ++w)
    flagged.push_back(std::make_unique<FlaggedPixels<T>>(images.classes));
  for_each_pixel_block(
      execution, pass, images.pixels(),
      [&](std::size_t worker, std::size_t image, std::size_t begin, std::size_t end) {
        const auto flags = mask.subspan(image * images.pixels() + begin, end - begin);
        flagged[worker]->visit(images, labels, flags, image, begin, end,
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
