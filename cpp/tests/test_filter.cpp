// find_label_issues against its definition, on small problems full of ties and on larger ones with
// every thread count; and while another thread writes to its inputs.
#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "cupel/filter.hpp"
#include "data.hpp"
#include "naive.hpp"

namespace cupel::test {
namespace {

constexpr FilterBy kFilters[] = {
    FilterBy::kPruneByNoiseRate,  FilterBy::kPruneByClass,      FilterBy::kBoth,
    FilterBy::kConfidentLearning, FilterBy::kPredictedNeqGiven, FilterBy::kLowNormalizedMargin,
    FilterBy::kLowSelfConfidence};

template <typename T>
std::vector<std::uint8_t> issues(MatrixView<T> probs, const std::vector<std::int64_t>& labels,
                                 const FilterOptions& options, const Execution& execution) {
  std::vector<std::uint8_t> mask(probs.rows, 7);
  find_label_issues(probs, view_of(labels), options, execution, std::span(mask));
  return mask;
}

// Options that leave little, much or everything to the cuts. `num_to_remove` must outlive them.
FilterOptions random_options(Random& random, std::size_t classes, std::size_t n,
                             std::vector<double>& num_to_remove) {
  FilterOptions options;
  options.collision = random.chance(0.5) ? Collision::kArgmax : Collision::kConfident;
  options.prune.frac_noise = random.one_of({1.0, 1.0, 0.5, 0.0});
  options.prune.min_examples_per_class = random.one_of<std::int64_t>({1, 1, 0, 2, 5});
  if (random.chance(0.2)) {
    num_to_remove.resize(classes);
    for (double& number : num_to_remove) number = static_cast<double>(random.below(4));
    options.prune.num_to_remove = num_to_remove;
  }
  if (random.chance(0.4)) {  // counts far above what the classes hold select everything
    options.confident_joint.emplace(classes);
    for (double& count : options.confident_joint->values)
      count = static_cast<double>(random.below(random.chance(0.3) ? 4 : 2 * n));
  }
  return options;
}

template <typename T>
void check_against_definition(std::uint64_t seed, int rounds) {
  Random random(seed);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t n = 1 + random.below(60);
    const std::size_t classes = 1 + random.below(random.chance(0.2) ? 20 : 4);
    Matrix<T> probs(n, classes,
                    static_cast<std::ptrdiff_t>(classes) + random.one_of<std::ptrdiff_t>({0, 2}));
    const bool few_values = random.chance(0.6);
    probs.fill([&] {
      return few_values ? static_cast<double>(random.below(3)) / 2.0 : tied_probability(random);
    });
    const std::vector<std::int64_t> labels = random_labels(random, n, classes);
    std::vector<double> num_to_remove;
    FilterOptions options = random_options(random, classes, n, num_to_remove);
    for (const FilterBy filter_by : kFilters) {
      options.filter_by = filter_by;
      const std::vector<std::uint8_t> wanted = naive_label_issues(probs.view(), labels, options);
      for_each_isa([&](const std::string& isa) {
        CHECK(issues(probs.view(), labels, options, Execution{}) == wanted, isa, round, "rows", n,
              "classes", classes, "filter", static_cast<int>(filter_by));
      });
    }
  }
}

CUPEL_TEST(label_issues_are_those_of_the_definition_half) {
  check_against_definition<Half>(1, rounds(600));
}
CUPEL_TEST(label_issues_are_those_of_the_definition_float) {
  check_against_definition<float>(2, rounds(600));
}
CUPEL_TEST(label_issues_are_those_of_the_definition_double) {
  check_against_definition<double>(3, rounds(600));
}

// A confident classifier with a tenth of the labels wrong, in `levels` steps (0: as it comes).
template <typename T>
Matrix<T> confident_probs(Random& random, const std::vector<std::int64_t>& labels,
                          std::size_t classes, double levels) {
  Matrix<T> probs(labels.size(), classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t believed =
        random.chance(0.1) ? random.below(classes) : static_cast<std::size_t>(labels[i]);
    for (std::size_t j = 0; j < classes; ++j) {
      double p = j == believed ? 0.4 + 0.6 * random.unit() : 0.6 * random.unit() * random.unit();
      if (levels > 0) p = std::floor(p * levels) / levels;
      probs(i, j) = stored<T>(p);
    }
  }
  return probs;
}

template <typename T>
void check_threads(std::uint64_t seed, double levels) {
  Random random(seed);
  constexpr std::size_t classes = 24;
  const std::vector<std::int64_t> labels =
      random_labels(random, (7u << 20) / sizeof(T) / classes, classes);
  const Matrix<T> probs = confident_probs<T>(random, labels, classes, levels);
  FilterOptions options;
  for (const FilterBy filter_by : kFilters) {
    options.filter_by = filter_by;
    const std::vector<std::uint8_t> wanted = naive_label_issues(probs.view(), labels, options);
    CHECK(std::count(wanted.begin(), wanted.end(), 1) > 0);
    for_each_isa([&](const std::string& isa) {
      for (const std::size_t threads : {1u, 2u, 8u})
        CHECK(issues(probs.view(), labels, options, with_threads(threads)) == wanted, isa, threads,
              static_cast<int>(filter_by));
    });
  }
}

CUPEL_TEST(label_issues_do_not_depend_on_threads_float) { check_threads<float>(4, 0); }
CUPEL_TEST(label_issues_do_not_depend_on_threads_with_ties) { check_threads<double>(5, 16); }

// One row, seen millions of times through a stride of 0: long passes in little memory.
CUPEL_TEST(label_issues_can_be_interrupted) {
  constexpr std::size_t n = 16000000;
  constexpr std::size_t classes = 64;
  Matrix<float> row(1, classes);
  for (std::size_t j = 0; j < classes; ++j) row(0, j) = static_cast<float>(j) / classes;
  const MatrixView<float> probs{row.view().data, n, classes, 0};
  std::vector<std::uint8_t> given(n);
  for (std::size_t i = 0; i < n; ++i) given[i] = static_cast<std::uint8_t>(i % classes);
  const LabelsView labels{given.data(), n, IntegerType::kUint8};
  std::vector<std::uint8_t> mask(n);
  for (const std::size_t threads : {1u, 4u}) {
    std::chrono::steady_clock::time_point asked;
    const Execution execution{threads, [&] {
                                asked = std::chrono::steady_clock::now();
                                return true;
                              }};
    CHECK(throws<Interrupted>([&] {
            find_label_issues(probs, labels, FilterOptions{}, execution, std::span(mask));
          }),
          threads);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - asked;
    CHECK(seconds.count() < 0.5, threads, seconds.count());
  }
}

// Another thread writes labels and probabilities, legal and not, all the time. Each call must give
// some answer or refuse; under AddressSanitizer this shows that no index was trusted twice. (The
// races are deliberate, so not under ThreadSanitizer.)
#ifndef CUPEL_UNDER_TSAN
void write_until(const std::atomic<bool>& stop, std::vector<std::int64_t>& labels,
                 std::size_t classes, unsigned char* probs, std::size_t bytes, std::uint64_t seed) {
  Random random(seed);
  volatile std::int64_t* given = labels.data();
  volatile unsigned char* byte = probs;
  while (!stop) {
    for (int change = 0; change < 1000; ++change) {  // from class to class, and any probability
      given[random.below(labels.size())] = static_cast<std::int64_t>(random.below(classes));
      const std::size_t at = random.below(bytes);
      const unsigned char before = byte[at];
      byte[at] = static_cast<unsigned char>(random.bits());
      byte[at] = before;
    }
    const std::size_t row = random.below(labels.size());  // now and then out of range for a while
    const std::int64_t before = given[row];
    given[row] = random.one_of({std::int64_t{-1}, static_cast<std::int64_t>(classes),
                                std::numeric_limits<std::int64_t>::max(),
                                std::numeric_limits<std::int64_t>::min()});
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(20)) {
    }
    given[row] = before;
  }
}

template <typename T>
void check_changing_inputs(std::uint64_t seed, std::size_t n) {
  Random random(seed);
  constexpr std::size_t classes = 5;
  std::vector<std::int64_t> labels = random_labels(random, n, classes);
  Matrix<T> probs = confident_probs<T>(random, labels, classes, 8);
  std::vector<std::uint8_t> mask(n);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    write_until(stop, labels, classes, reinterpret_cast<unsigned char*>(&probs(0, 0)),
                n * classes * sizeof(T), seed + 1);
  });
  int answered = 0;
  int refused = 0;
  bool only_flags = true;
  FilterOptions options;
  const auto start = std::chrono::steady_clock::now();
  const auto lasts = [&](int seconds) {
    return std::chrono::steady_clock::now() - start < std::chrono::seconds(seconds);
  };
  while (lasts(1) || ((answered == 0 || refused == 0) && lasts(20))) {
    options.filter_by =
        random.one_of({FilterBy::kPruneByNoiseRate, FilterBy::kPruneByClass, FilterBy::kBoth,
                       FilterBy::kConfidentLearning, FilterBy::kLowNormalizedMargin,
                       FilterBy::kLowSelfConfidence});
    try {
      find_label_issues(probs.view(), view_of(labels), options, with_threads(2), std::span(mask));
      ++answered;
      for (const std::uint8_t flag : mask) only_flags &= flag <= 1;
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  stop = true;
  writer.join();
  CHECK(only_flags);
  CHECK(answered > 0 && refused > 0, answered, refused);
}

constexpr std::size_t kSmall = 3000;       // many calls
constexpr std::size_t kThreaded = 120000;  // two workers

CUPEL_TEST(inputs_may_change_meanwhile_half) { check_changing_inputs<Half>(7, kSmall); }
CUPEL_TEST(inputs_may_change_meanwhile_float) { check_changing_inputs<float>(8, kSmall); }
CUPEL_TEST(inputs_may_change_meanwhile_double) { check_changing_inputs<double>(9, kThreaded); }
#endif

}  // namespace
}  // namespace cupel::test
