#include <algorithm>
#include <array>
#include <memory>

#include "core/segmentation/argmax.hpp"
#include "core/segmentation/average.hpp"
#include "core/segmentation/lowest.hpp"
#include "core/segmentation/means.hpp"
#include "core/segmentation/tiles.hpp"
#include "cupel/segmentation.hpp"

namespace cupel {
namespace {

constexpr double kThresholdSlack = 1e-6;

// What one worker found out in the pass over all planes.
template <typename T>
struct Judge {
  Argmax<T> argmax;
  std::array<LevelCounts, 4> levels{};  // of pixels i, i + 4, ...: no count waits for the last one
  std::size_t confident = 0;            // pixels that confidently are of another class

  // Flags pixels whose argmax is not the given class, or all without
  // `only_other`.
  void judge(const Tile<T>& tile, const std::vector<double>& cuts, bool only_other,
             std::uint8_t* bytes) {
    const auto* const given = tile.given().data();
    const auto* const number = argmax.number();
    const auto* const best = argmax.best();
    const auto* const own = argmax.own();
    for (std::size_t i = 0; i < tile.size(); ++i)
      bytes[i] = pixel_byte(level_of(own[i]), !only_other || number[i] != given[i]);
    std::size_t found = 0;
    for (std::size_t i = 0; i < tile.size(); ++i) {
      ++levels[i % levels.size()][level_in(bytes[i])];
      const bool reaches =
          static_cast<double>(best[i]) >= cuts[static_cast<std::size_t>(number[i])];
      found += static_cast<std::size_t>(reaches) & static_cast<std::size_t>(number[i] != given[i]);
    }
    confident += found;
  }
};

// Flags the lowest pixels, as many as confidently are of another class; with
// `only_other`, those whose argmax is another class, and then all probabilities
// are checked.
template <typename T>
void flag_lowest_pixels(const ImagesView<T>& images, const LabelsView& labels,
                        std::size_t images_per_batch, bool only_other, const Execution& execution,
                        std::span<std::uint8_t> mask) {
  std::vector<double> cuts = pixel_thresholds(images, labels, images_per_batch, execution);
  for (double& cut : cuts) cut -= kThresholdSlack;

  const TilePass pass(execution, images);
  std::vector<std::unique_ptr<Judge<T>>> judges;
  for (std::size_t w = 0; w < pass.workers; ++w) judges.push_back(std::make_unique<Judge<T>>());
  for_each_tile(execution, pass, images, labels, [&](std::size_t worker, const Tile<T>& tile) {
    judges[worker]->argmax.find(tile, images, only_other);
    judges[worker]->judge(tile, cuts, only_other, mask.data() + tile.first());
  });

  std::size_t confident = 0;
  LevelCounts levels{};
  for (const auto& judge : judges) {
    confident += judge->confident;
    for (const LevelCounts& counts : judge->levels)
      for (std::size_t level = 0; level < kLevels; ++level) levels[level] += counts[level];
  }
  if (confident == 0)
    std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  else
    LowestPixels<T>(images, labels, execution, mask).keep(confident, levels);
}

// mask = 1 where the square of the pixel is flagged and the argmax is not the
// given class.
template <typename T>
void spread_squares(const ImagesView<T>& images, const LabelsView& labels,
                    std::span<const std::uint8_t> squares, std::size_t side,
                    const Execution& execution, std::span<std::uint8_t> mask) {
  const TilePass pass(execution, images);
  std::vector<std::unique_ptr<Argmax<T>>> found;
  for (std::size_t w = 0; w < pass.workers; ++w) found.push_back(std::make_unique<Argmax<T>>());
  for_each_tile(execution, pass, images, labels, [&](std::size_t worker, const Tile<T>& tile) {
    Argmax<T>& argmax = *found[worker];
    argmax.find(tile, images, true);
    std::size_t row = tile.first() / images.cols;  // counted over all images, like their squares
    std::size_t col = tile.first() % images.cols;
    for (std::size_t i = 0; i < tile.size(); ++row, col = 0) {
      const std::uint8_t* const flags = squares.data() + row / side * (images.cols / side);
      for (; col < images.cols && i < tile.size(); ++col, ++i)
        mask[tile.first() + i] = argmax.number()[i] != tile.given()[i] ? flags[col / side] : 0;
    }
  });
}

}  // namespace

template <typename T>
void find_pixel_issues(const ImagesView<T>& images, const LabelsView& labels,
                       const PixelIssueOptions& options, const Execution& execution,
                       std::span<std::uint8_t> mask) {
  if (mask.empty()) return;
  if (options.downsample == 1) {
    flag_lowest_pixels(images, labels, options.images_per_batch, true, execution, mask);
    return;
  }
  const std::size_t side = options.downsample;
  std::vector<std::uint8_t> squares(mask.size() / (side * side));
  {
    const AveragedImages<T> averaged(images, labels, side, execution);
    flag_lowest_pixels(averaged.view(), averaged.labels(), options.images_per_batch, false,
                       execution, std::span<std::uint8_t>(squares));
  }
  spread_squares<T>(images, labels, squares, side, execution, mask);
}

#define CUPEL_INSTANTIATE(T)                                                  \
  template void find_pixel_issues(const ImagesView<T>&, const LabelsView&,    \
                                  const PixelIssueOptions&, const Execution&, \
                                  std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
