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

// Of each pixel of a tile: its given class, its argmax, and the probabilities of both.
template <typename T>
struct PixelColumns {
  const ClassOf<T>* given;
  const ClassOf<T>* number;
  const Compute<T>* best;
  const Compute<T>* own;
};

// What one worker found out in the pass over all pixels.
template <typename T>
struct Judge {
  std::array<LevelCounts, 4> levels{};  // of pixels i, i + 4, ...: no count waits for the last one
  std::size_t confident = 0;            // pixels that confidently are of another class

  // Flags pixels whose argmax is not the given class, or all without
  // `only_other`.
  void judge(const PixelColumns<T>& at, std::size_t size, const std::vector<double>& cuts,
             bool only_other, std::uint8_t* bytes) {
    for (std::size_t i = 0; i < size; ++i)
      bytes[i] = pixel_byte(level_of(at.own[i]), !only_other || at.number[i] != at.given[i]);
    std::size_t found = 0;
    for (std::size_t i = 0; i < size; ++i) {
      ++levels[i % levels.size()][level_in(bytes[i])];
      const bool reaches =
          static_cast<double>(at.best[i]) >= cuts[static_cast<std::size_t>(at.number[i])];
      found +=
          static_cast<std::size_t>(reaches) & static_cast<std::size_t>(at.number[i] != at.given[i]);
    }
    confident += found;
  }
};

// Flags the lowest pixels, as many as confidently are of another class; with
// `only_other`, those whose argmax is another class. look(worker, tile) returns the tile's columns.
template <typename T, typename Look>
void flag_lowest_pixels(const ImagesView<T>& images, const LabelsView& labels,
                        std::size_t images_per_batch, bool only_other, const Execution& execution,
                        std::span<std::uint8_t> mask, const Look& look) {
  std::vector<double> cuts = pixel_thresholds(images, labels, images_per_batch, execution);
  for (double& cut : cuts) cut -= kThresholdSlack;

  const TilePass pass(execution, images);
  std::vector<std::unique_ptr<Judge<T>>> judges;
  for (std::size_t w = 0; w < pass.workers; ++w) judges.push_back(std::make_unique<Judge<T>>());
  for_each_tile(execution, pass, images, labels, [&](std::size_t worker, const Tile<T>& tile) {
    judges[worker]->judge(look(worker, tile), tile.size(), cuts, only_other,
                          mask.data() + tile.first());
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

// Checks all probabilities.
template <typename T>
void find_among_pixels(const ImagesView<T>& images, const LabelsView& labels,
                       std::size_t images_per_batch, const Execution& execution,
                       std::span<std::uint8_t> mask) {
  std::vector<std::unique_ptr<Argmax<T>>> found;
  for (std::size_t w = TilePass(execution, images).workers; w > 0; --w)
    found.push_back(std::make_unique<Argmax<T>>());
  flag_lowest_pixels(images, labels, images_per_batch, true, execution, mask,
                     [&](std::size_t worker, const Tile<T>& tile) {
                       Argmax<T>& argmax = *found[worker];
                       argmax.find_valid(tile, images);
                       return PixelColumns<T>{tile.given().data(), argmax.number(), argmax.best(),
                                              argmax.own()};
                     });
}

template <typename T>
std::vector<std::uint8_t> find_among_squares(const AveragedImages<T>& averaged,
                                             std::size_t images_per_batch,
                                             const Execution& execution) {
  const ImagesView<T> own = averaged.own();
  std::vector<std::uint8_t> squares(own.images * own.pixels());
  std::vector<std::vector<Compute<T>>> wide(TilePass(execution, own).workers,
                                            std::vector<Compute<T>>(kTilePixels));
  flag_lowest_pixels(own, averaged.labels(), images_per_batch, false, execution,
                     std::span<std::uint8_t>(squares),
                     [&](std::size_t worker, const Tile<T>& tile) {
                       for (std::size_t i = 0; i < tile.size(); ++i)
                         wide[worker][i] = to_compute(tile.plane(0)[i]);
                       return PixelColumns<T>{tile.given().data(), averaged.number() + tile.first(),
                                              averaged.best() + tile.first(), wide[worker].data()};
                     });
  return squares;
}

// Clears the mask outside of flagged squares.
void keep_in_squares(std::span<const std::uint8_t> squares, std::size_t side, std::size_t cols,
                     const Execution& execution, std::span<std::uint8_t> mask) {
  const std::size_t rows = mask.size() / cols;  // of all images, like their squares
  const std::size_t across = cols / side;
  const std::size_t grain = (kTilePixels + cols - 1) / cols;
  const std::size_t workers = worker_count(execution, (rows + grain - 1) / grain, mask.size());
  parallel_blocks(execution, workers, rows, grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t row = begin; row < end; ++row) {
                      const std::uint8_t* const flags = squares.data() + row / side * across;
                      std::uint8_t* const out = mask.data() + row * cols;
                      for (std::size_t c = 0; c < across; ++c)
                        for (std::size_t i = 0; i < side; ++i) out[c * side + i] &= flags[c];
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
    find_among_pixels(images, labels, options.images_per_batch, execution, mask);
    return;
  }
  const AveragedImages<T> averaged(images, labels, options.downsample, execution, mask);
  keep_in_squares(find_among_squares(averaged, options.images_per_batch, execution),
                  options.downsample, images.cols, execution, mask);
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
