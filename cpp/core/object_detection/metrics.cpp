#include <numeric>
#include <stdexcept>

#include "core/object_detection/boxes.hpp"
#include "core/parallel.hpp"
#include "core/radix.hpp"
#include "cupel/object_detection.hpp"

namespace cupel {
namespace {

using ThresholdBits = std::uint16_t;  // bit t: at IoU threshold t

constexpr std::size_t kCostOfPair = 32;

// The thresholds as NumPy's linspace rounds them: 0.5 + t step.
ThresholdBits reached(double iou) {
  constexpr double step = (0.95 - 0.5) / (kIouThresholds - 1);
  unsigned bits = 0;
  for (unsigned t = 0; t < kIouThresholds; ++t) {
    const double threshold = t + 1 == kIouThresholds ? 0.95 : 0.5 + t * step;
    if (iou >= threshold) bits |= 1u << t;
  }
  return static_cast<ThresholdBits>(bits);
}

// Positions by falling probability, nan last, ties by position.
template <typename Probability>
std::vector<std::size_t> by_falling(std::size_t count, const Probability& probability) {
  std::vector<Keyed<std::uint64_t, std::size_t>> items(count);
  for (std::size_t i = 0; i < count; ++i) items[i] = {order_key(-probability(i)), i};
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  });
  std::vector<std::size_t> order(count);
  std::transform(items.begin(), items.end(), order.begin(), [](const auto& x) { return x.index; });
  return order;
}

// The thresholds at which each prediction of the image claims a label.
void match(const Detections::Image& image, std::span<ThresholdBits> matches) {
  const std::size_t labels = image.labels();
  std::vector<ThresholdBits> claimed(labels, 0);
  const auto order =
      by_falling(image.predictions(), [&](std::size_t j) { return image.probability(j); });
  for (const std::size_t j : order) {
    const Box box(image.predicted.data() + j * kPredictionWidth);
    std::size_t best = labels;
    double most = -1.0;
    for (std::size_t i = 0; i < labels; ++i) {
      if (image.given_classes[i] != image.predicted_classes[j]) continue;
      const double iou = iou_of(box, Box(image.given.data() + i * kBoxWidth));
      if (iou > most) {
        most = iou;
        best = i;
      }
    }
    matches[j] = 0;
    if (best == labels) continue;
    const unsigned won = reached(most) & ~unsigned{claimed[best]};
    matches[j] = static_cast<ThresholdBits>(won);
    claimed[best] = static_cast<ThresholdBits>(claimed[best] | won);
  }
}

std::vector<ThresholdBits> matches_of(const Detections& detections, const Execution& execution) {
  std::vector<ThresholdBits> matches(detections.predictions());
  const std::size_t images = detections.images(), cost = detections.pairs() * kCostOfPair;
  parallel_blocks(execution, image_workers(execution, images, cost), images, kImagesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const Detections::Image image = detections.image(i);
                      match(image,
                            std::span(matches).subspan(image.predicted_begin, image.predictions()));
                    }
                  });
  return matches;
}

// Predictions grouped by class, in their order.
struct Groups {
  std::vector<std::size_t> begins, members;

  Groups(std::span<const std::int64_t> caller, std::size_t classes) : begins(classes + 1, 0) {
    const std::vector<std::int64_t> copy(caller.begin(), caller.end());  // checked, then used
    for (const std::int64_t k : copy) {
      if (static_cast<std::uint64_t>(k) >= classes)
        throw std::invalid_argument("a prediction's class is out of range");
      ++begins[static_cast<std::size_t>(k) + 1];
    }
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    members.resize(copy.size());
    std::vector<std::size_t> next(begins.begin(), begins.end() - 1);
    for (std::size_t j = 0; j < copy.size(); ++j)
      members[next[static_cast<std::size_t>(copy[j])]++] = j;
  }
  [[nodiscard]] std::span<const std::size_t> of(std::size_t k) const {
    return std::span(members).subspan(begins[k], begins[k + 1] - begins[k]);
  }
};

// The predictions of one class by falling probability: hits, and the area under their curve.
struct Curve {
  std::int64_t hits = 0;
  double area = 0.0;

  Curve(std::span<const ThresholdBits> falling, std::size_t threshold, std::int64_t labels) {
    const auto hit = [&](std::size_t rank) { return ((falling[rank] >> threshold) & 1u) != 0; };
    for (std::size_t rank = 0; rank < falling.size(); ++rank) hits += hit(rank) ? 1 : 0;
    double best = 0.0, sum = 0.0;  // the best precision from here on, and its sum over hits
    std::int64_t found = hits;
    for (std::size_t rank = falling.size(); rank-- > 0;) {
      if (!hit(rank)) continue;
      best = std::max(best, static_cast<double>(found) / static_cast<double>(rank + 1));
      sum += best;
      --found;
    }
    if (labels > 0) area = sum / static_cast<double>(labels);
  }
};

std::vector<std::int64_t> count_labels(std::span<const std::int64_t> caller, std::size_t classes) {
  const std::vector<std::int64_t> copy(caller.begin(), caller.end());  // checked, then used
  std::vector<std::int64_t> counts(classes, 0);
  for (const std::int64_t k : copy)
    if (static_cast<std::uint64_t>(k) < classes) ++counts[static_cast<std::size_t>(k)];
  return counts;
}

}  // namespace

ClassMetrics class_metrics(const Detections& detections, std::size_t classes,
                           const Execution& execution) {
  const std::vector<ThresholdBits> matches = matches_of(detections, execution);
  const Groups groups(detections.predicted().classes, classes);
  ClassMetrics metrics;
  metrics.true_positives.resize(kIouThresholds * classes);
  metrics.average_precision.resize(kIouThresholds * classes);
  metrics.predicted.resize(classes);
  metrics.given = count_labels(detections.given().classes, classes);
  const std::size_t cost = detections.predictions() * kCostOfPair;
  parallel_blocks(execution, worker_count(execution, classes, cost), classes, 1,
                  [&](std::size_t, std::size_t k, std::size_t) {
                    const std::span<const std::size_t> members = groups.of(k);
                    const auto order = by_falling(members.size(), [&](std::size_t m) {
                      return detections.predicted().values[members[m] * kPredictionWidth + 4];
                    });
                    std::vector<ThresholdBits> falling(members.size());
                    for (std::size_t rank = 0; rank < order.size(); ++rank)
                      falling[rank] = matches[members[order[rank]]];
                    metrics.predicted[k] = static_cast<std::int64_t>(members.size());
                    for (std::size_t t = 0; t < kIouThresholds; ++t) {
                      const Curve curve(falling, t, metrics.given[k]);
                      metrics.true_positives[t * classes + k] = curve.hits;
                      metrics.average_precision[t * classes + k] = curve.area;
                    }
                  });
  return metrics;
}

}  // namespace cupel
