// What two boxes have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/execution.hpp"

namespace cupel {

inline constexpr std::size_t kImagesPerBlock = 16;
inline constexpr double kSmallestUnion = 1e-6;

// A copy of `offsets` that rises from 0 to `total`; throws std::invalid_argument otherwise.
std::vector<std::size_t> checked_offsets(std::span<const std::int64_t> offsets, std::size_t total);

// Workers for a pass over images that takes as long as touching so many bytes.
std::size_t image_workers(const Execution& execution, std::size_t images, std::size_t bytes);

struct Box {
  double x1, y1, x2, y2, area;

  explicit Box(const double* corners)
      : x1(corners[0]),
        y1(corners[1]),
        x2(corners[2]),
        y2(corners[3]),
        area((x2 - x1) * (y2 - y1)) {}
};

// Intersection over union; 0 where boxes only touch.
inline double iou_of(const Box& a, const Box& b) {
  const double width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(width > 0.0 && height > 0.0)) return 0.0;
  const double shared = width * height;
  return shared / std::max(a.area + b.area - shared, kSmallestUnion);
}

// Closeness is 1 less the distance measure 1 - exp(-d / 10), which rounds it to multiples of 2^-53:
// beyond some 370 pixels it is 0.
inline double similarity_of(const Box& a, const Box& b, double iou, double alpha) {
  const double dx = (a.x1 + a.x2) / 2.0 - (b.x1 + b.x2) / 2.0;
  const double dy = (a.y1 + a.y2) / 2.0 - (b.y1 + b.y2) / 2.0;
  const double apart = 1.0 - std::exp(-0.1 * std::sqrt(dx * dx + dy * dy));
  return alpha * iou + (1.0 - alpha) * (1.0 - apart);
}

}  // namespace cupel
