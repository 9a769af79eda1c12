// Scores, their order and the log loss.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "check.hpp"
#include "cupel/checks.hpp"
#include "cupel/rank.hpp"
#include "data.hpp"
#include "naive.hpp"

namespace cupel::test {
namespace {

template <typename T>
void check_scores(std::uint64_t seed) {
  Random random(seed);
  constexpr std::size_t classes = 9;
  const std::size_t n = (5u << 20) / sizeof(T) / classes;
  Matrix<T> probs(n, classes);
  probs.fill([&] { return tied_probability(random); });
  const std::vector<std::int64_t> labels = random_labels(random, n, classes);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < n; i += 1 + random.below(20))
    rows.push_back(static_cast<std::int64_t>(i));
  for (const ScoreMethod method : {ScoreMethod::kSelfConfidence, ScoreMethod::kNormalizedMargin}) {
    for_each_isa([&](const std::string& isa) {
      for (const std::size_t threads : {1u, 3u}) {
        std::vector<T> scores(n);
        std::vector<T> some(rows.size());
        label_quality_scores<T, T>(probs.view(), view_of(labels), method, nullptr,
                                   with_threads(threads), scores);
        label_quality_scores_of_rows<T, T>(probs.view(), view_of(labels), method, nullptr, rows,
                                           with_threads(threads), some);
        for (std::size_t i = 0; i < n; ++i)
          CHECK(to_compute(scores[i]) == naive_score(probs.view().row(i), classes,
                                                     static_cast<std::size_t>(labels[i]), method),
                isa, threads, i);
        for (std::size_t r = 0; r < rows.size(); ++r)
          CHECK(to_compute(some[r]) == to_compute(scores[static_cast<std::size_t>(rows[r])]), isa,
                threads, r);
      }
    });
  }
}

CUPEL_TEST(scores_are_those_of_plain_loops) {
  check_scores<Half>(1);
  check_scores<float>(2);
  check_scores<double>(3);
}

// Confidence-weighted entropy within a few units in the last place of the definition.
CUPEL_TEST(entropy_is_close_to_its_definition) {
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t classes = 2 + random.below(20);
    Matrix<double> probs(1, classes);
    double sum = 0.0;
    for (std::size_t j = 0; j < classes; ++j) sum += probs(0, j) = tied_probability(random) + 1e-9;
    for (std::size_t j = 0; j < classes; ++j) probs(0, j) = std::min(1.0, probs(0, j) / sum);
    const std::size_t given = random.below(classes);
    long double entropy = 0.0L;
    for (std::size_t j = 0; j < classes; ++j) {
      const long double p = probs(0, j);
      if (p > 0) entropy -= p * std::log(p);
    }
    const long double q = entropy / std::log(static_cast<long double>(classes)) /
                          std::max<long double>(probs(0, given), 1e-6L);
    const auto wanted = static_cast<double>(std::log(q + 1.0L) / std::max(q, 1e-6L));
    double got = 0.0;
    label_quality_scores<double, double>(probs.view(), view_of({static_cast<std::int64_t>(given)}),
                                         ScoreMethod::kConfidenceWeightedEntropy, nullptr,
                                         Execution{}, std::span(&got, 1));
    CHECK(std::abs(got - wanted) <= 1e-14 + 1e-9 * (q < 1e-3L ? 1.0 : 1e-5), round, classes, got,
          wanted);
  }
}

template <typename T>
void check_order(std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const std::size_t n = random.below(round % 6 == 0 ? 20000 : 50);
    std::vector<T> scores(n);
    for (T& score : scores)
      score = stored<T>(random.chance(0.05)
                            ? random.one_of({std::nan(""), -0.0, 0.0,
                                             std::numeric_limits<double>::infinity(), -1.0})
                            : tied_probability(random));
    std::vector<std::int64_t> wanted(n);
    std::iota(wanted.begin(), wanted.end(), std::int64_t{0});
    const auto value = [&](std::int64_t i) {
      return to_compute(scores[static_cast<std::size_t>(i)]);
    };
    std::stable_sort(wanted.begin(), wanted.end(), [&](std::int64_t a, std::int64_t b) {
      return std::isnan(value(b)) ? !std::isnan(value(a)) : value(a) < value(b);
    });
    for (const std::size_t count :
         {n, n / 2, std::min<std::size_t>(n, 1), std::size_t{0}, n - std::min<std::size_t>(n, 1)}) {
      std::vector<std::int64_t> order(count);
      lowest_first<T>(scores, Execution{}, order);
      CHECK(std::equal(order.begin(), order.end(), wanted.begin()), round, n, count);
      std::vector<std::uint8_t> flagged(n);
      for (const std::int64_t row : order) flagged[static_cast<std::size_t>(row)] = 1;
      std::vector<std::uint8_t> mask(n, 7);
      flag_lowest<T>(scores, count, Execution{}, mask);
      CHECK(mask == flagged, round, n, count);
    }
  }
}

CUPEL_TEST(lowest_first_is_a_stable_sort) {
  check_order<Half>(5);
  check_order<float>(6);
  check_order<double>(7);
}

CUPEL_TEST(log_loss_does_not_depend_on_threads) {
  Random random(8);
  constexpr std::size_t n = 120000;
  Matrix<double> probs(n, 10);
  probs.fill([&] { return tied_probability(random); });
  const std::vector<std::int64_t> labels = random_labels(random, n, 10);
  long double total = 0.0L;
  for (std::size_t i = 0; i < n; ++i) {
    long double sum = 0.0L;
    for (std::size_t j = 0; j < 10; ++j) sum += std::max(probs(i, j), 1e-6);
    total -= std::log(std::max(probs(i, static_cast<std::size_t>(labels[i])), 1e-6) / sum);
  }
  const auto wanted = static_cast<double>(total / n);
  const double first = log_loss(probs.view(), view_of(labels), Execution{});
  CHECK(std::abs(first - wanted) <= 1e-13 * wanted, first, wanted);
  for_each_isa([&](const std::string& isa) {
    for (const std::size_t threads : {1u, 2u, 3u, 16u}) {
      const double again = log_loss(probs.view(), view_of(labels), with_threads(threads));
      CHECK(std::bit_cast<std::uint64_t>(again) == std::bit_cast<std::uint64_t>(first), isa,
            threads);
    }
  });
}

CUPEL_TEST(entropy_refuses_what_it_cannot_take_the_logarithm_of) {
  Matrix<float> probs(2, 2);
  probs(1, 1) = -1e-7f;  // within the tolerance of the other scores
  std::vector<double> wide(2);
  std::vector<float> narrow(2);
  const LabelsView labels = {"\0\0", 2, IntegerType::kInt8};
  CHECK(throws<InvalidProbability>(
      [&] {
        label_quality_scores<float, double>(probs.view(), labels,
                                            ScoreMethod::kConfidenceWeightedEntropy, nullptr,
                                            Execution{}, wide);
      },
      [](const InvalidProbability& e) { return e.row == 1 && e.column == 1; }));
  label_quality_scores<float, float>(probs.view(), labels, ScoreMethod::kNormalizedMargin, nullptr,
                                     Execution{}, narrow);
}

}  // namespace
}  // namespace cupel::test
