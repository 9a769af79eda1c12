// The frozen scorer: the bits of the batch functions, no allocation, any number of threads, speed.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "cupel/checks.hpp"
#include "cupel/filter.hpp"
#include "cupel/scorer.hpp"
#include "data.hpp"

// Counts this thread's allocations. Sanitizers keep their own operators, which check more.
#if !defined(CUPEL_UNDER_ASAN) && !defined(CUPEL_UNDER_TSAN)
#define CUPEL_COUNTS_ALLOCATIONS 1
static thread_local std::size_t allocations = 0;
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace cupel::test {
namespace {

constexpr ScoreMethod kMethods[] = {ScoreMethod::kSelfConfidence, ScoreMethod::kNormalizedMargin,
                                    ScoreMethod::kConfidenceWeightedEntropy};

template <typename T>
struct Rows {
  Matrix<T> probs;
  std::vector<std::int64_t> labels;
  Thresholds thresholds;

  Rows(Random& random, std::size_t n, std::size_t classes)
      : probs(n, classes), labels(random_labels(random, n, classes)) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < classes; ++j)
        probs(i, j) = stored<T>(random.chance(0.3) ? 0.5 : random.unit());
    ThresholdAccumulator sums(classes);
    sums.update(probs.view(), view_of(labels), Execution{});
    thresholds = sums.finish<T>();
  }
};

template <typename T, typename Out>
std::vector<double> batch_scores(const Rows<T>& rows, ScoreMethod method,
                                 const Thresholds* adjust) {
  std::vector<Out> scores(rows.labels.size());
  label_quality_scores<T, Out>(rows.probs.view(), view_of(rows.labels), method, adjust, Execution{},
                               scores);
  std::vector<double> wide(scores.size());
  std::transform(scores.begin(), scores.end(), wide.begin(),
                 [](Out s) { return static_cast<double>(to_compute(s)); });
  return wide;
}

template <typename T>
void check_verdicts(std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    const Rows<T> rows(random, 200, 1 + random.below(20));
    const MatrixView<T> probs = rows.probs.view();
    FilterOptions options;
    options.filter_by = FilterBy::kConfidentLearning;
    options.collision = round % 2 == 0 ? Collision::kArgmax : Collision::kConfident;
    std::vector<std::uint8_t> mask(probs.rows);
    find_label_issues(probs, view_of(rows.labels), options, Execution{}, std::span(mask));
    std::vector<std::int64_t> best(probs.rows);
    argmax(probs, Execution{}, std::span(best));
    for (const ScoreMethod method : kMethods)
      for (const bool adjust : {false, true}) {
        if (adjust && method == ScoreMethod::kConfidenceWeightedEntropy) continue;
        const Thresholds* shift = adjust ? &rows.thresholds : nullptr;
        const std::vector<double> wanted = scores_are_double<T>(method, shift)
                                               ? batch_scores<T, double>(rows, method, shift)
                                               : batch_scores<T, T>(rows, method, shift);
        const Scorer scorer(rows.thresholds, method, adjust, options.collision);
        for (std::size_t i = 0; i < probs.rows; ++i) {
          const Verdict verdict = scorer.check(probs.row(i), rows.labels[i]);
          CHECK(
              verdict.score == wanted[i] && scorer.score(probs.row(i), rows.labels[i]) == wanted[i],
              round, i, verdict.score, wanted[i]);
          CHECK(verdict.is_label_issue == (mask[i] != 0) && verdict.suggested_label == best[i],
                round, i);
        }
      }
  }
}

CUPEL_TEST(verdicts_are_those_of_the_batch_functions) {
  check_verdicts<Half>(1);
  check_verdicts<float>(2);
  check_verdicts<double>(3);
}

CUPEL_TEST(a_scorer_refuses_bad_rows) {
  const Scorer scorer({{0.5, 0.5}, false}, ScoreMethod::kNormalizedMargin, false,
                      Collision::kArgmax);
  const double good[] = {0.25, 0.75};
  const double bad[] = {0.25, std::numeric_limits<double>::quiet_NaN()};
  CHECK(throws<InvalidProbability>([&] { (void)scorer.check(bad, 0); }));
  CHECK(throws<InvalidProbability>([&] { (void)scorer.score(bad, 0); }));
  for (const std::int64_t label :
       {std::int64_t{-1}, std::int64_t{2}, std::numeric_limits<std::int64_t>::min()})
    CHECK(throws<InvalidLabel>([&] { (void)scorer.check(good, label); }), label);
  CHECK(throws<std::invalid_argument>(
      [] { Scorer({}, ScoreMethod::kSelfConfidence, false, Collision::kArgmax); }));
  CHECK(throws<std::invalid_argument>([] {
    Scorer({{0.5}, false}, ScoreMethod::kConfidenceWeightedEntropy, true, Collision::kArgmax);
  }));
}

#ifdef CUPEL_COUNTS_ALLOCATIONS
CUPEL_TEST(a_verdict_allocates_nothing) {
  Random random(4);
  const Rows<float> rows(random, 100, 130);
  for (const ScoreMethod method : kMethods) {
    const Scorer scorer(rows.thresholds, method, method != ScoreMethod::kConfidenceWeightedEntropy,
                        Collision::kConfident);
    const std::size_t before = allocations;
    double sum = 0.0;
    for (std::size_t i = 0; i < 100; ++i)
      sum += scorer.check(rows.probs.view().row(i), rows.labels[i]).score +
             scorer.score(rows.probs.view().row(i), rows.labels[i]);
    CHECK(allocations == before && sum > 0, allocations - before, sum);
  }
  const std::size_t before = allocations;
  delete new int(1);
  CHECK(allocations == before + 1);  // the counter counts
}
#endif

CUPEL_TEST(one_scorer_serves_many_threads) {
  Random random(5);
  const Rows<double> rows(random, 500, 12);
  const Scorer scorer(rows.thresholds, ScoreMethod::kNormalizedMargin, true, Collision::kArgmax);
  std::vector<double> wanted;
  for (std::size_t i = 0; i < 500; ++i)
    wanted.push_back(scorer.check(rows.probs.view().row(i), rows.labels[i]).score);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t call = 0; call < 20000; ++call) {
        const std::size_t i = (call * 7 + t * 61) % 500;
        if (scorer.check(rows.probs.view().row(i), rows.labels[i]).score != wanted[i]) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0, wrong);
}

// Prints what a row costs (goal: at most 200 ns for 10 classes in an optimised build).
CUPEL_TEST(a_verdict_takes_little_time) {
  Random random(6);
  const Rows<float> rows(random, 1000, 10);
  for_each_isa([&](const std::string& isa) {
    const Scorer scorer(rows.thresholds, ScoreMethod::kNormalizedMargin, false, Collision::kArgmax);
    double best = std::numeric_limits<double>::infinity();
    std::size_t flagged = 0;
    for (int round = 0; round < 20; ++round) {
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t i = 0; i < 1000; ++i)
        flagged += scorer.check(rows.probs.view().row(i), rows.labels[i]).is_label_issue ? 1 : 0;
      const std::chrono::duration<double, std::nano> took =
          std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / 1000.0);
    }
    std::printf("      Scorer::check, 10 classes, float, %-8s %6.0f ns a row (%zu flagged)\n",
                isa.c_str(), best, flagged / 20);
  });
}

}  // namespace
}  // namespace cupel::test
