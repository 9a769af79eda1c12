// Passes over all classes at once against the two-column problem of each class.
#include <algorithm>
#include <functional>
#include <vector>

#include "check.hpp"
#include "core/multilabel_classification/answers.hpp"
#include "cupel/checks.hpp"
#include "cupel/multilabel_classification.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr std::size_t kClasses = 11;  // more than a thread takes at once

template <typename T>
struct Problem {
  Matrix<T> probs;
  std::vector<std::uint8_t> given;

  Problem(Random& random, std::size_t n) : probs(n, kClasses), given(n * kClasses) {
    probs.fill([&] { return tied_probability(random); });
    for (std::uint8_t& answer : given) answer = static_cast<std::uint8_t>(random.below(2));
  }
};

// The columns (1 - p, p) of class c, and its answers as labels.
template <typename T>
struct OneClass {
  Matrix<T> probs;
  std::vector<std::int64_t> labels;

  OneClass(const Problem<T>& all, std::size_t c) : probs(all.probs.view().rows, 2) {
    std::size_t next = 0;
    const MatrixView<T> view = all.probs.view();
    probs.fill([&] {
      const Answers<T> answers(view.row(next / 2)[c]);
      return static_cast<double>(answers.values[next++ % 2]);
    });
    for (std::size_t i = 0; i < view.rows; ++i)
      labels.push_back(all.given[i * kClasses + c] != 0 ? 1 : 0);
  }
};

template <typename T>
std::vector<std::uint8_t> pruned(const Problem<T>& problem, FilterBy filter_by,
                                 std::size_t threads) {
  const Execution run = with_threads(threads);
  std::vector<std::uint8_t> flags(problem.given.size());
  const AnswerCounts counts = count_answers(problem.probs.view(), problem.given, run, flags);
  std::vector<std::int64_t> numbers;
  for (std::size_t c = 0; c < kClasses; ++c) {
    SquareMatrix<std::int64_t> joint(2);
    std::copy_n(counts.joints.begin() + static_cast<std::ptrdiff_t>(4 * c), 4,
                joint.values.begin());
    const auto of_class = std::span(counts.label_counts).subspan(2 * c, 2);
    const auto prune =
        prune_counts(calibrate_confident_joint(std::move(joint), of_class).joint, of_class, {});
    numbers.insert(numbers.end(), prune.values.begin(), prune.values.end());
  }
  prune_answers(problem.probs.view(), problem.given, numbers, counts.label_counts, filter_by, 1,
                run, flags);
  return flags;
}

template <typename T>
void check_issues(std::uint64_t seed) {
  Random random(seed);
  const Problem<T> problem(random, 70'000);  // more than one part
  for (const FilterBy filter_by :
       {FilterBy::kPruneByNoiseRate, FilterBy::kPruneByClass, FilterBy::kBoth}) {
    const std::vector<std::uint8_t> flags = pruned(problem, filter_by, 1);
    CHECK(flags == pruned(problem, filter_by, 3));
    for (std::size_t c = 0; c < kClasses; c += 5) {
      const OneClass<T> one(problem, c);
      FilterOptions options;
      options.filter_by = filter_by;
      std::vector<std::uint8_t> mask(one.labels.size());
      find_label_issues(one.probs.view(), view_of(one.labels), options, with_threads(1), mask);
      for (std::size_t i = 0; i < mask.size(); ++i)
        CHECK(flags[i * kClasses + c] == mask[i], static_cast<int>(filter_by), c, i);
    }
  }
}

CUPEL_TEST(issues_of_all_classes_are_those_of_each) {
  check_issues<Half>(1);
  check_issues<float>(2);
  check_issues<double>(3);
}

template <typename T>
void check_lowest(std::uint64_t seed) {
  Random random(seed);
  const Problem<T> problem(random, 2'000);
  for (const ScoreMethod method : {ScoreMethod::kSelfConfidence, ScoreMethod::kNormalizedMargin}) {
    std::vector<std::uint8_t> flags(problem.given.size());
    count_answers(problem.probs.view(), problem.given, with_threads(2), flags);
    flag_lowest_answers(problem.probs.view(), problem.given, method, false, with_threads(2), flags);
    for (std::size_t c = 0; c < kClasses; ++c) {
      const OneClass<T> one(problem, c);
      FilterOptions options;
      options.filter_by = method == ScoreMethod::kSelfConfidence ? FilterBy::kLowSelfConfidence
                                                                 : FilterBy::kLowNormalizedMargin;
      std::vector<std::uint8_t> mask(one.labels.size());
      find_label_issues(one.probs.view(), view_of(one.labels), options, with_threads(1), mask);
      for (std::size_t i = 0; i < mask.size(); ++i)
        CHECK(flags[i * kClasses + c] == mask[i], static_cast<int>(method), c, i);
    }
  }
}

CUPEL_TEST(lowest_answers_are_those_of_each_class) {
  check_lowest<Half>(4);
  check_lowest<float>(5);
  check_lowest<double>(6);
}

CUPEL_TEST(aggregates_are_those_of_plain_loops) {
  Random random(7);
  for (const std::size_t classes : {1u, 2u, 3u, 5u, 8u, 33u, 300u}) {
    Matrix<double> scores(301, classes);
    scores.fill([&] { return tied_probability(random); });
    std::vector<double> average(301);
    aggregate_scores(scores.view(), {Aggregation::kMovingAverage, 0.8}, with_threads(2), average);
    for (std::size_t i = 0; i < average.size(); ++i) {
      std::vector<double> row(scores.view().row(i), scores.view().row(i) + classes);
      std::sort(row.begin(), row.end(), std::greater<>());
      double expected = row[0];
      for (std::size_t c = 1; c < classes; ++c) expected = 0.8 * row[c] + (1.0 - 0.8) * expected;
      CHECK(average[i] == expected, classes, i);
    }
  }
}

CUPEL_TEST(entropy_of_answers_refuses_what_is_no_probability) {
  Matrix<double> probs(3, 2);
  std::size_t next = 0;
  probs.fill([&] { return next++ == 3 ? 1.0 + 1e-7 : 0.5; });
  const std::vector<std::uint8_t> given(6);
  std::vector<double> out(6);
  const AnswerScoring scoring{ScoreMethod::kConfidenceWeightedEntropy, nullptr};
  CHECK(throws<InvalidProbability>(
      [&] { answer_scores(probs.view(), given, scoring, with_threads(1), out); },
      [](const InvalidProbability& error) { return error.row == 1 && error.column == 1; }));
}

}  // namespace
}  // namespace cupel::test
