#include <stdexcept>

#include "core/object_detection/boxes.hpp"
#include "core/parallel.hpp"
#include "cupel/object_detection.hpp"

namespace cupel {

std::vector<std::size_t> checked_offsets(std::span<const std::int64_t> offsets, std::size_t total) {
  std::vector<std::size_t> copy;
  copy.reserve(offsets.size());
  for (const std::int64_t offset : offsets) {
    const auto value = static_cast<std::size_t>(offset);  // negative ones become too large
    if (value > total || value < (copy.empty() ? 0 : copy.back()))
      throw std::invalid_argument("offsets must rise from 0 to the number of boxes");
    copy.push_back(value);
  }
  if (copy.empty() || copy.front() != 0 || copy.back() != total)
    throw std::invalid_argument("offsets must rise from 0 to the number of boxes");
  return copy;
}

std::size_t image_workers(const Execution& execution, std::size_t images, std::size_t bytes) {
  return worker_count(execution, (images + kImagesPerBlock - 1) / kImagesPerBlock, bytes);
}

Detections::Detections(const BoxesView& given, const BoxesView& predicted)
    : given_(given),
      predicted_(predicted),
      given_offsets_(checked_offsets(given.offsets, given.classes.size())),
      predicted_offsets_(checked_offsets(predicted.offsets, predicted.classes.size())),
      pair_offsets_{0} {
  if (given_offsets_.size() != predicted_offsets_.size())
    throw std::invalid_argument("labels and predictions must have the same number of images");
  if (given.values.size() != given.classes.size() * kBoxWidth ||
      predicted.values.size() != predicted.classes.size() * kPredictionWidth)
    throw std::invalid_argument("every box must have its numbers and one class");
  pair_offsets_.reserve(given_offsets_.size());
  for (std::size_t i = 0; i + 1 < given_offsets_.size(); ++i)
    pair_offsets_.push_back(pair_offsets_.back() +
                            (given_offsets_[i + 1] - given_offsets_[i]) *
                                (predicted_offsets_[i + 1] - predicted_offsets_[i]));
}

Detections::Image Detections::image(std::size_t i) const {
  const std::size_t g = given_offsets_[i], labels = given_offsets_[i + 1] - g;
  const std::size_t p = predicted_offsets_[i], predictions = predicted_offsets_[i + 1] - p;
  return {given_.values.subspan(g * kBoxWidth, labels * kBoxWidth),
          predicted_.values.subspan(p * kPredictionWidth, predictions * kPredictionWidth),
          given_.classes.subspan(g, labels),
          predicted_.classes.subspan(p, predictions),
          g,
          p,
          pair_offsets_[i]};
}

}  // namespace cupel
