#include <limits>
#include <stdexcept>
#include <utility>

#include "core/object_detection/boxes.hpp"
#include "core/parallel.hpp"
#include "cupel/object_detection.hpp"

namespace cupel {
namespace {

constexpr double kSamePlace = 0.95;
constexpr std::size_t kCostOfPair = 64;  // in bytes read: a pair takes an exponential
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Pair {
  double iou;
  double similarity;
};

// What a score waits for until the floor is known.
enum class Pending : std::uint8_t {
  kNothing,
  kFloor,         // is the floor
  kAtLeastFloor,  // is not below it
  kTimesFloor     // is a multiple of it
};

double finished(double score, Pending pending, double floor) {
  switch (pending) {
    case Pending::kFloor:
      return floor;
    case Pending::kAtLeastFloor:
      return std::max(floor, score);
    case Pending::kTimesFloor:
      return floor * score;
    default:
      return score;
  }
}

// Scores of all boxes, first without the floor, then with it.
class Scorer {
 public:
  Scorer(const Detections& detections, const BoxScoreOptions& options)
      : detections_(detections),
        options_(options),
        floors_(detections.images(), 1.0),
        overlooked_pending_(detections.predictions()),
        swap_pending_(detections.labels()) {
    scores_.overlooked.resize(detections.predictions());
    scores_.badloc.resize(detections.labels());
    scores_.swap.resize(detections.labels());
  }

  // Scores image i; pair_of(i, j) is the pair of its label i and prediction j.
  template <typename PairOf>
  void score(std::size_t number, const Detections::Image& image, const PairOf& pair_of) {
    const std::size_t labels = image.labels(), predictions = image.predictions();
    std::vector<double> nearest(predictions, -1.0);  // of its class
    std::vector<std::uint8_t> overlaps(predictions, 0);
    double floor = 1.0;
    for (std::size_t i = 0; i < labels; ++i) {
      const std::int64_t given = image.given_classes[i];
      double confirmed = -1.0, opposed = -1.0;
      for (std::size_t j = 0; j < predictions; ++j) {
        const Pair pair = pair_of(i, j);
        const double prob = image.probability(j);
        if (pair.similarity > 0.0) floor = std::min(floor, pair.similarity);
        if (pair.iou > 0.0) overlaps[j] = 1;
        if (image.predicted_classes[j] == given) {
          nearest[j] = std::max(nearest[j], pair.similarity);
          if (prob > options_.low_probability && pair.iou > 0.0)
            confirmed = std::max(confirmed, pair.similarity);
        } else if (prob > options_.high_probability) {
          opposed = std::max(opposed, pair.similarity);
        }
      }
      const std::size_t at = image.given_begin + i;
      scores_.badloc[at] = confirmed < 0.0 ? 1.0 : confirmed;
      scores_.swap[at] = opposed < 0.0 ? 1.0 : 1.0 - opposed;
      swap_pending_[at] = contradicted(image, i) ? Pending::kFloor
                          : opposed < 0.0        ? Pending::kNothing
                                                 : Pending::kAtLeastFloor;
    }
    floors_[number] = floor;
    for (std::size_t j = 0; j < predictions; ++j) {
      const std::size_t at = image.predicted_begin + j;
      const double prob = image.probability(j);
      const bool out = prob < options_.high_probability || overlaps[j] != 0;
      const bool alone = nearest[j] < 0.0;
      scores_.overlooked[at] = out ? kNan : alone ? 1.0 - prob : nearest[j];
      overlooked_pending_[at] = !out && alone ? Pending::kTimesFloor : Pending::kNothing;
    }
  }

  // The floor is the data set's, or the image's if `floors` has one per image.
  BoxScores finish(std::span<const double> floors) {
    for (const double floor : floors_) scores_.floor = std::min(scores_.floor, floor);
    for (std::size_t number = 0; number < detections_.images(); ++number) {
      const Detections::Image image = detections_.image(number);
      const double floor = floors.empty() ? scores_.floor : floors[number];
      for (std::size_t i = image.given_begin; i < image.given_begin + image.labels(); ++i)
        scores_.swap[i] = finished(scores_.swap[i], swap_pending_[i], floor);
      for (std::size_t j = image.predicted_begin; j < image.predicted_begin + image.predictions();
           ++j)
        scores_.overlooked[j] = finished(scores_.overlooked[j], overlooked_pending_[j], floor);
    }
    return std::move(scores_);
  }

 private:
  // Whether a label of another class lies where label i does.
  [[nodiscard]] bool contradicted(const Detections::Image& image, std::size_t i) const {
    if (!options_.overlapping_label_check) return false;
    const Box own(image.given.data() + i * kBoxWidth);
    for (std::size_t other = 0; other < image.labels(); ++other)
      if (image.given_classes[other] != image.given_classes[i] &&
          iou_of(own, Box(image.given.data() + other * kBoxWidth)) >= kSamePlace)
        return true;
    return false;
  }

  const Detections& detections_;
  const BoxScoreOptions& options_;
  std::vector<double> floors_;
  std::vector<Pending> overlooked_pending_, swap_pending_;
  BoxScores scores_;
};

std::vector<Box> boxes_of(std::span<const double> values, std::size_t count, std::size_t width) {
  std::vector<Box> boxes;
  boxes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) boxes.emplace_back(values.data() + i * width);
  return boxes;
}

// The pairs of one image, computed when asked for.
class ComputedPairs {
 public:
  ComputedPairs(const Detections::Image& image, double alpha)
      : alpha_(alpha),
        given_(boxes_of(image.given, image.labels(), kBoxWidth)),
        predicted_(boxes_of(image.predicted, image.predictions(), kPredictionWidth)) {}

  Pair operator()(std::size_t i, std::size_t j) const {
    const double iou = iou_of(given_[i], predicted_[j]);
    return {iou, similarity_of(given_[i], predicted_[j], iou, alpha_)};
  }

 private:
  double alpha_;
  std::vector<Box> given_, predicted_;
};

template <typename Body>
void for_each_image(const Detections& detections, const Execution& execution, const Body& body) {
  const std::size_t images = detections.images();
  const std::size_t cost = detections.pairs() * kCostOfPair;
  parallel_blocks(execution, image_workers(execution, images, cost), images, kImagesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) body(i, detections.image(i));
                  });
}

}  // namespace

void box_similarities(const Detections& detections, double alpha, const Execution& execution,
                      std::span<double> iou, std::span<double> similarity) {
  for_each_image(detections, execution, [&](std::size_t, const Detections::Image& image) {
    const ComputedPairs pairs(image, alpha);
    std::size_t at = image.pairs_begin;
    for (std::size_t i = 0; i < image.labels(); ++i)
      for (std::size_t j = 0; j < image.predictions(); ++j, ++at) {
        const Pair pair = pairs(i, j);
        iou[at] = pair.iou;
        similarity[at] = pair.similarity;
      }
  });
}

BoxScores box_scores(const Detections& detections, const BoxScoreOptions& options,
                     const GivenSimilarities& known, const Execution& execution) {
  const std::size_t pairs = known.similarity.empty() ? 0 : detections.pairs();
  if (known.similarity.size() != pairs || known.iou.size() != pairs)
    throw std::invalid_argument("one IoU and one similarity per label and prediction, please");
  if (!known.floors.empty() && known.floors.size() != detections.images())
    throw std::invalid_argument("one floor per image, please");
  Scorer scorer(detections, options);
  for_each_image(detections, execution, [&](std::size_t number, const Detections::Image& image) {
    if (pairs == 0) {
      scorer.score(number, image, ComputedPairs(image, options.alpha));
    } else {
      scorer.score(number, image, [&](std::size_t i, std::size_t j) {
        const std::size_t at = image.pairs_begin + i * image.predictions() + j;
        return Pair{known.iou[at], known.similarity[at]};
      });
    }
  });
  return scorer.finish(known.floors);
}

void pool_box_scores(std::span<const double> scores, std::span<const std::int64_t> offsets,
                     double temperature, const Execution& execution, std::span<double> out) {
  const std::vector<std::size_t> begins = checked_offsets(offsets, scores.size());
  const auto pooled = [&](std::span<const double> of_image) {
    double least = std::numeric_limits<double>::infinity();
    bool any = false;
    for (const double score : of_image) {
      any |= !std::isnan(score);
      if (score < least) least = score;
    }
    if (!any) return 1.0;
    if (!(temperature > 0.0)) return least;
    double sum = 0.0, weights = 0.0;
    for (const double score : of_image) {
      if (std::isnan(score)) continue;
      const double weight = std::exp((least - score) / temperature);
      sum += score * weight;
      weights += weight;
    }
    return sum / weights;
  };
  const std::size_t images = begins.size() - 1;
  const std::size_t cost = scores.size() * kCostOfPair;
  parallel_blocks(execution, image_workers(execution, images, cost), images, kImagesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i)
                      out[i] = pooled(scores.subspan(begins[i], begins[i + 1] - begins[i]));
                  });
}

}  // namespace cupel
