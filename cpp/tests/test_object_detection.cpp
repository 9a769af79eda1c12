// Scores and metrics of boxes: by plain loops, and the same bits for every thread count.
#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "check.hpp"
#include "cupel/object_detection.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

struct SideData {
  std::vector<double> values;
  std::vector<std::int64_t> classes;
  std::vector<std::int64_t> offsets{0};

  void add(Random& random, std::size_t count, std::size_t classes_count, bool with_probability) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto x = static_cast<double>(random.below(40));
      const auto y = static_cast<double>(random.below(40));
      values.insert(values.end(), {x, y, x + static_cast<double>(random.below(20)),
                                   y + static_cast<double>(random.below(20))});
      if (with_probability) values.push_back(random.one_of({0.0, 0.3, 0.5, 0.95, 0.97, 1.0}));
      classes.push_back(static_cast<std::int64_t>(random.below(classes_count)));
    }
    offsets.push_back(static_cast<std::int64_t>(classes.size()));
  }
  [[nodiscard]] BoxesView view() const { return {values, classes, offsets}; }
};

constexpr std::size_t kClasses = 3;

struct Problem {
  SideData given, predicted;

  Problem(std::uint64_t seed, std::size_t images, std::size_t most) {
    Random random(seed);
    for (std::size_t i = 0; i < images; ++i) {
      given.add(random, random.below(most + 1), kClasses, false);
      predicted.add(random, random.below(most + 1), kClasses, true);
    }
  }
  [[nodiscard]] Detections detections() const { return {given.view(), predicted.view()}; }
};

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

CUPEL_TEST(box_scores_do_not_depend_on_threads) {
  const Problem problem(1, 300, 40);
  const Detections detections = problem.detections();
  const BoxScores one = box_scores(detections, {}, {}, with_threads(1));
  const BoxScores three = box_scores(detections, {}, {}, with_threads(3));
  CHECK(same_bits(one.overlooked, three.overlooked));
  CHECK(same_bits(one.badloc, three.badloc));
  CHECK(same_bits(one.swap, three.swap));
  CHECK(one.floor == three.floor);
  const ClassMetrics single = class_metrics(detections, kClasses, with_threads(1));
  const ClassMetrics several = class_metrics(detections, kClasses, with_threads(3));
  CHECK(single.true_positives == several.true_positives);
  CHECK(same_bits(single.average_precision, several.average_precision));
}

// Given what was computed before, the scores are the same.
CUPEL_TEST(box_scores_of_known_similarities) {
  const Problem problem(2, 50, 12);
  const Detections detections = problem.detections();
  std::vector<double> iou(detections.pairs()), similarity(detections.pairs());
  box_similarities(detections, 0.9, with_threads(1), iou, similarity);
  for (std::size_t i = 0; i < iou.size(); ++i) {
    CHECK(iou[i] >= 0.0 && iou[i] <= 1.0, i, iou[i]);
    CHECK(similarity[i] >= 0.9 * iou[i] && similarity[i] <= 1.0, i, similarity[i]);
  }
  const BoxScores computed = box_scores(detections, {}, {}, with_threads(1));
  const std::vector<double> floors(detections.images(), computed.floor);
  const BoxScores known = box_scores(detections, {}, {iou, similarity, floors}, with_threads(1));
  CHECK(same_bits(computed.overlooked, known.overlooked));
  CHECK(same_bits(computed.badloc, known.badloc));
  CHECK(same_bits(computed.swap, known.swap));
}

CUPEL_TEST(counts_of_matches_add_up) {
  const Problem problem(3, 200, 10);
  const Detections detections = problem.detections();
  const ClassMetrics metrics = class_metrics(detections, kClasses, with_threads(2));
  for (std::size_t t = 0; t < kIouThresholds; ++t)
    for (std::size_t k = 0; k < kClasses; ++k) {
      const std::size_t at = t * kClasses + k;
      CHECK(metrics.true_positives[at] >= 0, t, k);
      CHECK(metrics.true_positives[at] <= std::min(metrics.given[k], metrics.predicted[k]), t, k);
      CHECK(t == 0 || metrics.true_positives[at] <= metrics.true_positives[at - kClasses], t, k);
      CHECK(metrics.average_precision[at] >= 0.0 && metrics.average_precision[at] <= 1.0, t, k);
    }
}

CUPEL_TEST(pooled_scores_lie_between_minimum_and_mean) {
  Random random(4);
  std::vector<double> scores;
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 0; i < 5000; ++i) {
    for (std::size_t count = random.below(6); count > 0; --count)
      scores.push_back(random.chance(0.2) ? std::nan("") : random.unit());
    offsets.push_back(static_cast<std::int64_t>(scores.size()));
  }
  std::vector<double> pooled(offsets.size() - 1);
  pool_box_scores(scores, offsets, 0.1, with_threads(2), pooled);
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    double least = 2.0, sum = 0.0;
    int count = 0;
    for (auto j = offsets[i]; j < offsets[i + 1]; ++j) {
      const double score = scores[static_cast<std::size_t>(j)];
      if (std::isnan(score)) continue;
      least = std::min(least, score);
      sum += score;
      ++count;
    }
    if (count == 0)
      CHECK(pooled[i] == 1.0, i);
    else
      CHECK(pooled[i] >= least - 1e-15 && pooled[i] <= sum / count + 1e-15, i, pooled[i]);
  }
}

CUPEL_TEST(detections_refuse_offsets_that_do_not_fit) {
  const Problem problem(5, 3, 5);
  const auto refused = [&](std::vector<std::int64_t> offsets) {
    BoxesView view = problem.given.view();
    view.offsets = offsets;
    try {
      const Detections detections(view, problem.predicted.view());
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  const auto n = static_cast<std::int64_t>(problem.given.classes.size());
  CHECK(!refused({0, 0, 0, n}));
  CHECK(refused({}));
  CHECK(refused({0, n}));  // of another number of images
  CHECK(refused({0, 0, 0, n + 1}));
  CHECK(refused({0, n, 0, n}));
  CHECK(refused({-1, 0, 0, n}));
}

}  // namespace
}  // namespace cupel::test
