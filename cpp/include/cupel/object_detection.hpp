// Labels and predictions of boxes in images: how well they agree, and which labels look wrong.
//
// A box is x1, y1, x2, y2; a prediction is a box and its probability. Boxes of all images lie one
// after the other; image i has those in [offsets[i], offsets[i + 1]).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cupel/execution.hpp"

namespace cupel {

// One side of the images: numbers of all boxes, `width` each, their classes, and images' offsets.
struct BoxesView {
  std::span<const double> values;
  std::span<const std::int64_t> classes;
  std::span<const std::int64_t> offsets;
};

inline constexpr std::size_t kBoxWidth = 4, kPredictionWidth = 5;
inline constexpr std::size_t kIouThresholds = 10;  // 0.5, 0.55, ..., 0.95

// The two sides, matched image by image. Values and classes are read where they lie; offsets are
// copied. Thread-safe for reading.
class Detections {
 public:
  // The labels and predictions of one image, and where they begin among those of all images.
  struct Image {
    std::span<const double> given, predicted;
    std::span<const std::int64_t> given_classes, predicted_classes;
    std::size_t given_begin, predicted_begin;
    std::size_t pairs_begin;  // pairs (label, prediction) of the images before
    [[nodiscard]] std::size_t labels() const { return given_classes.size(); }
    [[nodiscard]] std::size_t predictions() const { return predicted_classes.size(); }
    [[nodiscard]] std::size_t pairs() const { return labels() * predictions(); }
    [[nodiscard]] double probability(std::size_t j) const {
      return predicted[j * kPredictionWidth + 4];
    }
  };

  // Throws std::invalid_argument unless both sides have the same number of images, and offsets that
  // rise from 0 to the number of boxes.
  Detections(const BoxesView& given, const BoxesView& predicted);

  [[nodiscard]] std::size_t images() const { return given_offsets_.size() - 1; }
  [[nodiscard]] std::size_t labels() const { return given_.classes.size(); }
  [[nodiscard]] std::size_t predictions() const { return predicted_.classes.size(); }
  [[nodiscard]] std::size_t pairs() const { return pair_offsets_.back(); }
  [[nodiscard]] Image image(std::size_t i) const;
  [[nodiscard]] const BoxesView& given() const { return given_; }
  [[nodiscard]] const BoxesView& predicted() const { return predicted_; }

 private:
  BoxesView given_, predicted_;
  std::vector<std::size_t> given_offsets_, predicted_offsets_, pair_offsets_;
};

// For every pair (label, prediction) of an image, row by row, images one after the other: the
// intersection over union (0 where boxes only touch, unions below 1e-6 count as 1e-6), and the
// similarity alpha IoU + (1 - alpha) exp(-d / 10), d the distance of the centres, where the
// exponential is rounded to a multiple of 2^-53.
// Requires iou.size() == similarity.size() == detections.pairs(). O(pairs), threaded.
void box_similarities(const Detections& detections, double alpha, const Execution& execution,
                      std::span<double> iou, std::span<double> similarity);

struct BoxScoreOptions {
  double alpha = 0.9;
  double low_probability = 0.5;    // a prediction above it may confirm a label
  double high_probability = 0.95;  // one that reaches it may stand against a label
  bool overlapping_label_check = true;
};

// Numbers to use instead of computing them; empty spans for those to compute.
struct GivenSimilarities {
  std::span<const double> iou, similarity;  // both, laid out as by box_similarities, or none
  std::span<const double> floors;           // one per image
};

struct BoxScores {
  std::vector<double> overlooked;    // per prediction
  std::vector<double> badloc, swap;  // per label
  double floor = 1.0;  // smallest similarity above 0 of the pairs of all images, at most 1
};

// Scores of boxes, lower is worse, each image on its own but for the floor.
//   overlooked: nan if the probability is below `high_probability` or any label overlaps; else the
//     largest similarity to a label of the class, or floor (1 - probability) if there is none.
//   badloc: the largest similarity to a prediction of the class above `low_probability` that
//     overlaps; 1 if there is none.
//   swap: floor if a label of another class overlaps by 0.95 or more (if that is checked); else
//     max(floor, 1 - largest similarity to a prediction of another class above
//     `high_probability`), or 1 if there is none.
// Boxes are expected to be finite; a nan spoils the scores of its image and nothing else. Throws
// std::invalid_argument if a given span has another size. O(pairs + label pairs), threaded.
BoxScores box_scores(const Detections& detections, const BoxScoreOptions& options,
                     const GivenSimilarities& known, const Execution& execution);

// Soft minimum of each image's scores, nan left out: sum s w / sum w, w = exp(-s / temperature);
// the minimum if the temperature is not above 0; 1 without scores. Throws std::invalid_argument
// unless offsets rise from 0 to the number of scores. Requires out.size() + 1 == offsets.size().
// O(n), threaded.
void pool_box_scores(std::span<const double> scores, std::span<const std::int64_t> offsets,
                     double temperature, const Execution& execution, std::span<double> out);

// Per IoU threshold and class, threshold by threshold.
struct ClassMetrics {
  std::vector<std::int64_t> true_positives;    // predictions that are the first to claim a label
  std::vector<double> average_precision;       // 0 for a class without labels
  std::vector<std::int64_t> given, predicted;  // boxes of each class, whatever the threshold
};

// How predictions agree with labels of their class. In each image predictions take turns by falling
// probability, ties by position, nan last. Each claims the label of its class that it overlaps
// most, ties by position, if by the threshold at least and nobody claimed it before. The average
// precision is the area under the precision-recall curve of the class's predictions over all
// images, by falling probability, ties by position, made monotone from the right.
//
// Labels of classes that are not in [0, classes) count for nothing. Throws std::invalid_argument if
// a prediction's class is not in it. O(pairs + n log n), threaded.
ClassMetrics class_metrics(const Detections& detections, std::size_t classes,
                           const Execution& execution);

}  // namespace cupel
