#include "core/posterior/sample.hpp"

#include <functional>

namespace cupel {
namespace {

// Weights that differ by less are equal but for rounding.
constexpr double kNearlyAll = 1.0 - 1e-9;

}  // namespace

Sample Sample::part(std::size_t count) const {
  Sample some(even_rows(size(), count), classes);
  for (std::size_t i = 0; i < some.size(); ++i) {
    some.given[i] = given[some.numbers[i]];
    some.numbers[i] = numbers[some.numbers[i]];
  }
  return some;
}

void Sample::temper(double temperature) {
  const TileKernels& kernels = active_kernels().tiles;
  kernels.log_tiles(weights.data(), size(), width(), weights.data());
  kernels.temper_tiles(weights.data(), size(), width(), temperature, weights.data());
}

ConfidentRows::ConfidentRows(const Sample& sample)
    : counts(sample.classes), is_member(sample.size()) {
  std::vector<double> largest(padded(sample.size()));
  std::vector<double> slot(padded(sample.size()));
  active_kernels().tiles.leading_slots(sample.weights.data(), sample.size(), sample.width(),
                                       kNearlyAll, largest.data(), slot.data());
  const auto likeliest = [&](std::size_t i) {
    return sample.class_of(i, static_cast<std::size_t>(slot[i]));
  };
  std::vector<std::vector<double>> of_class(sample.classes);
  for (std::size_t i = 0; i < sample.size(); ++i)
    if (slot[i] >= 0.0) of_class[likeliest(i)].push_back(largest[i]);
  std::vector<double> lowest(sample.classes);
  for (std::size_t z = 0; z < sample.classes; ++z) {
    std::vector<double>& weights = of_class[z];
    if (weights.empty()) continue;
    const auto last = weights.begin() + static_cast<std::ptrdiff_t>((weights.size() - 1) / 2);
    std::nth_element(weights.begin(), last, weights.end(), std::greater<>());
    lowest[z] = *last;
  }
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (!(slot[i] >= 0.0 && largest[i] >= kNearlyAll * lowest[likeliest(i)])) continue;
    is_member[i] = 1;
    counts(sample.given_of(i), likeliest(i)) += 1.0;
  }
}

}  // namespace cupel
