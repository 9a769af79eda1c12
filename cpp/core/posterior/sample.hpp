// The rows a noise model is fitted to, and what is known of their true classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/posterior/true_class.hpp"

namespace cupel {

// `count` of `rows` rows (or all), spread evenly: the i-th is floor(i * rows / count).
inline std::vector<std::size_t> even_rows(std::size_t rows, std::size_t count) {
  std::vector<std::size_t> numbers(std::min(rows, count));
  const std::size_t n = numbers.size();
  for (std::size_t i = 0; i < n; ++i)  // in two parts, so that nothing overflows
    numbers[i] = i * (rows / n) + i * (rows % n) / n;
  return numbers;
}

// Some rows of a matrix: their numbers, given classes, shortlists, and the weights of their true
// classes in tiles.
struct Sample {
  std::size_t classes;
  std::vector<std::size_t> numbers;
  std::vector<std::int64_t> given;
  std::vector<std::uint32_t> lists;  // empty with up to kShortlist classes
  std::vector<double> weights;

  Sample(std::vector<std::size_t> rows, std::size_t k)
      : classes(k),
        numbers(std::move(rows)),
        given(numbers.size()),
        lists(k > kShortlist ? numbers.size() * kShortlist : 0),
        weights(padded(numbers.size()) * std::min(k, kShortlist)) {}

  [[nodiscard]] std::size_t size() const { return numbers.size(); }
  [[nodiscard]] std::size_t width() const { return std::min(classes, kShortlist); }
  [[nodiscard]] std::size_t given_of(std::size_t i) const {
    return static_cast<std::size_t>(given[i]);
  }
  [[nodiscard]] std::size_t class_of(std::size_t i, std::size_t slot) const {
    return lists.empty() ? slot : lists[i * kShortlist + slot];
  }
  [[nodiscard]] double weight(std::size_t i, std::size_t slot) const {
    return weights[tile_index(i, slot, width())];
  }
  // `count` rows of it, spread evenly, without lists and weights.
  [[nodiscard]] Sample part(std::size_t count) const;

  // Raises the weights, at temperature 1 so far, to a temperature.
  void temper(double temperature);

  // A view of the rows [begin, end); `begin` is a multiple of kLanes.
  [[nodiscard]] TrueClassRows rows(std::size_t begin, std::size_t end) {
    return {end - begin, given.data() + begin,
            lists.empty() ? nullptr : lists.data() + begin * kShortlist,
            weights.data() + begin * width()};
  }
};

// The confident half of each class: the rows whose likeliest true class it is, alone, of these the
// half of largest weight, and those that tie with the last of them.
struct ConfidentRows {
  SquareMatrix<double> counts;          // [given, true]
  std::vector<std::uint8_t> is_member;  // one per row

  explicit ConfidentRows(const Sample& sample);
};

}  // namespace cupel
