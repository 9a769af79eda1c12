// Images against plain loops over their pixels, in planes that lie in one piece and in pieces.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "core/scalar.hpp"
#include "cupel/segmentation.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

// Its memory ends with the last pixel. With gaps, planes are crops of wider ones.
template <typename T>
struct Images {
  std::size_t images, classes, rows, cols, gap;
  std::vector<T> values;
  std::vector<std::int64_t> labels;

  // Probabilities are sixteenths, whose means are exact in any order of adding.
  Images(Random& random, std::size_t n, std::size_t k, std::size_t h, std::size_t w, bool gaps)
      : images(n), classes(k), rows(h), cols(w), gap(gaps ? 3 : 0), values(n * k * h * (w + gap)) {
    values.resize(values.size() - gap);
    for (T& value : values) value = stored<T>(static_cast<double>(random.below(17)) / 16.0);
    labels = random_labels(random, n * h * w, k);
  }

  [[nodiscard]] ImagesView<T> view() const {
    const auto row = static_cast<std::ptrdiff_t>(cols + gap);
    const auto plane = row * static_cast<std::ptrdiff_t>(rows);
    return {values.data(), images, classes,
            rows,          cols,   plane * static_cast<std::ptrdiff_t>(classes),
            plane,         row,    1};
  }
  [[nodiscard]] std::size_t size() const { return labels.size(); }
  [[nodiscard]] std::size_t place(std::size_t pixel, std::size_t k) const {
    const std::size_t image = pixel / (rows * cols);
    const std::size_t row = pixel / cols % rows;
    return ((image * classes + k) * rows + row) * (cols + gap) + pixel % cols;
  }
  [[nodiscard]] double value(std::size_t pixel, std::size_t k) const {
    return static_cast<double>(to_compute(values[place(pixel, k)]));
  }
  [[nodiscard]] double own(std::size_t pixel) const {
    return value(pixel, static_cast<std::size_t>(labels[pixel]));
  }
  [[nodiscard]] std::size_t argmax(std::size_t pixel) const {
    std::size_t best = 0;
    for (std::size_t k = 1; k < classes; ++k)
      best = value(pixel, k) > value(pixel, best) ? k : best;
    return best;
  }
  [[nodiscard]] bool differs(std::size_t pixel) const {
    return argmax(pixel) != static_cast<std::size_t>(labels[pixel]);
  }
};

// Flags the lowest pixels, as many as confidently are of another class.
template <typename T>
std::vector<std::uint8_t> lowest_pixels(const Images<T>& all) {
  std::vector<double> sums(all.classes);
  std::vector<double> counts(all.classes);
  for (std::size_t i = 0; i < all.size(); ++i) {
    sums[static_cast<std::size_t>(all.labels[i])] += all.own(i);
    counts[static_cast<std::size_t>(all.labels[i])] += 1.0;
  }
  std::size_t confident = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t best = all.argmax(i);
    const double cut = counts[best] > 0.0 ? std::max(sums[best] / counts[best], 2e-6) : 2e-6;
    if (all.differs(i) && all.value(i, best) >= cut - 1e-6) ++confident;
  }
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return all.own(a) < all.own(b); });
  std::vector<std::uint8_t> flags(all.size());
  for (std::size_t i = 0; i < confident; ++i) flags[order[i]] = 1;
  return flags;
}

template <typename T>
std::vector<std::uint8_t> found(const Images<T>& all, std::size_t side, std::size_t threads) {
  std::vector<std::uint8_t> mask(all.size());
  find_pixel_issues(all.view(), view_of(all.labels), {all.images, side}, with_threads(threads),
                    std::span<std::uint8_t>(mask));
  return mask;
}

template <typename T>
void check_issues(std::uint64_t seed) {
  Random random(seed);
  for (const bool gaps : {false, true}) {
    const Images<T> all(random, 3, 6, 50, 44, gaps);  // more than a tile each
    const std::vector<std::uint8_t> lowest = lowest_pixels(all);
    const std::vector<std::uint8_t> mask = found(all, 1, 1);
    CHECK(mask == found(all, 1, 3));
    for (std::size_t i = 0; i < all.size(); ++i)
      CHECK(mask[i] == (lowest[i] != 0 && all.differs(i) ? 1 : 0), gaps, i);
  }
}

CUPEL_TEST(pixel_issues_are_those_of_plain_loops) {
  check_issues<float>(1);
  check_issues<double>(2);
}

// Images whose squares are of one label and of one value per class, which sum to 1: so are the
// averages.
template <typename T>
void check_squares(std::uint64_t seed, std::size_t side) {
  Random random(seed);
  for (const bool gaps : {false, true}) {
    Images<T> small(random, 2, 4, 30, 20, false);
    for (std::size_t i = 0; i < small.size(); ++i) {
      std::size_t left = 16;
      for (std::size_t k = 0; k < 4; ++k) {
        const std::size_t part = k == 3 ? left : random.below(left + 1);
        small.values[small.place(i, k)] = stored<T>(static_cast<double>(part) / 16.0);
        left -= part;
      }
    }
    Images<T> large(random, 2, 4, 30 * side, 20 * side, gaps);
    std::vector<std::size_t> square(large.size());
    for (std::size_t i = 0; i < large.size(); ++i) {
      square[i] = i / large.cols / side * small.cols + i % large.cols / side;
      large.labels[i] = small.labels[square[i]];
      for (std::size_t k = 0; k < 4; ++k)
        large.values[large.place(i, k)] = small.values[small.place(square[i], k)];
    }
    const std::vector<std::uint8_t> of_squares = found(small, 1, 1);
    const std::vector<std::uint8_t> mask = found(large, side, 1);
    CHECK(mask == found(large, side, 3));
    for (std::size_t i = 0; i < large.size(); ++i)
      CHECK(mask[i] == of_squares[square[i]], side, gaps, i);
  }
}

CUPEL_TEST(issues_of_squares_are_those_of_their_averages) {
  for (const std::size_t side : {2u, 4u, 8u}) {
    check_squares<Half>(3, side);
    check_squares<float>(4, side);
    check_squares<double>(5, side);
  }
}

template <typename T>
void check_summaries(std::uint64_t seed) {
  Random random(seed);
  for (const double flagged : {0.0, 0.01, 0.3, 1.0}) {  // few are read one by one
    Images<T> all(random, 2, 7, 70, 61, flagged > 0.5);
    std::vector<std::uint8_t> mask(all.size());
    for (std::uint8_t& flag : mask) flag = random.chance(flagged) ? 1 : 0;
    std::vector<std::int64_t> expected(49);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (mask[i] != 0)
        ++expected[static_cast<std::size_t>(all.labels[i]) * 7 + all.argmax(i)];
      else if (random.chance(0.001))
        all.values[all.place(i, 2)] = stored<T>(NAN);  // not looked at
    }
    for (const std::size_t threads : {1u, 3u}) {
      std::vector<std::int64_t> counts(49, -1);
      count_pixel_issues(all.view(), view_of(all.labels), mask, with_threads(threads), counts);
      CHECK(counts == expected, flagged, threads);
      std::vector<std::uint8_t> of_class(all.size(), 9);
      pixel_issues_of_class(all.view(), view_of(all.labels), mask, 2, with_threads(threads),
                            of_class);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const bool concerned = mask[i] != 0 && (all.labels[i] == 2 || all.argmax(i) == 2);
        CHECK(of_class[i] == (concerned ? 1 : 0), flagged, threads, i);
      }
    }
  }
}

CUPEL_TEST(summaries_of_pixels_are_those_of_plain_loops) {
  check_summaries<Half>(6);
  check_summaries<float>(7);
  check_summaries<double>(8);
}

// Whether the call names the bad pixel [1, k, 40, 5], or its label [1, 40, 5].
template <typename Call>
bool names(const std::string& place, const Call& call) {
  return throws<std::invalid_argument>(call, [&](const std::invalid_argument& error) {
    return std::string(error.what()).find(place) != std::string::npos;
  });
}

CUPEL_TEST(bad_pixels_are_named) {
  Random random(9);
  Images<float> all(random, 2, 6, 48, 50, false);
  const std::size_t bad = all.rows * all.cols + 40 * all.cols + 5;
  std::vector<std::int64_t> counts(36);
  for (const float value : {-0.01f, 1.01f, NAN, INFINITY, -INFINITY})
    for (const std::size_t k : {0u, 3u, 5u}) {
      float& at = all.values[all.place(bad, k)];
      const float before = std::exchange(at, value);
      const std::string place = "[1, " + std::to_string(k) + ", 40, 5]";
      for (const std::size_t side : {1u, 2u})
        CHECK(names(place, [&] { found(all, side, 2); }), value, place, side);
      for (const bool others : {false, true}) {
        std::vector<std::uint8_t> mask(all.size(), others ? 1 : 0);
        mask[bad] = 1;
        CHECK(names(place,
                    [&] {
                      count_pixel_issues(all.view(), view_of(all.labels), mask, with_threads(2),
                                         counts);
                    }),
              value, place, others);
      }
      at = before;
    }
  for (const std::int64_t label : {-1, 6}) {
    all.labels[bad] = label;
    for (const std::size_t side : {1u, 2u})
      CHECK(names("[1, 40, 5]", [&] { found(all, side, 2); }), label, side);
  }
}

CUPEL_TEST(pixel_scores_and_their_softmin_are_those_of_plain_loops) {
  Random random(10);
  const Images<float> all(random, 3, 5, 60, 41, true);
  std::vector<double> scores(all.size());
  pixel_scores<float, double>(all.view(), view_of(all.labels), with_threads(2), scores);
  std::vector<double> of_images(3);
  softmin_of_images(scores, 0.1, with_threads(2), of_images);
  const std::size_t pixels = all.rows * all.cols;
  for (std::size_t image = 0; image < 3; ++image) {
    double weighted = 0.0;
    double weights = 0.0;
    for (std::size_t i = image * pixels; i < (image + 1) * pixels; ++i) {
      CHECK(scores[i] == all.own(i), i);
      weighted += scores[i] * std::exp((1.0 - scores[i]) / 0.1);
      weights += std::exp((1.0 - scores[i]) / 0.1);
    }
    CHECK(std::abs(of_images[image] - weighted / weights) < 1e-12, image);
  }
}

}  // namespace
}  // namespace cupel::test
