// Thresholds and the confident joint: pieces, merging and threads give the bits of one update.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "cupel/checks.hpp"
#include "cupel/count.hpp"
#include "data.hpp"
#include "naive.hpp"

namespace cupel::test {
namespace {

constexpr std::size_t kThreadCounts[] = {1, 3, 16};

// Large enough for several workers (2 MiB each).
template <typename T>
struct Problem {
  Matrix<T> probs;
  std::vector<std::int64_t> labels;

  Problem(Random& random, std::size_t n, std::size_t classes)
      : probs(n, classes), labels(random_labels(random, n, classes)) {
    probs.fill([&] { return tied_probability(random); });
  }
  [[nodiscard]] MatrixView<T> view() const { return probs.view(); }
};

template <typename T>
MatrixView<T> rows_between(const MatrixView<T>& probs, std::size_t begin, std::size_t end) {
  return {probs.row(begin), end - begin, probs.cols, probs.row_stride};
}

LabelsView labels_between(const std::vector<std::int64_t>& labels, std::size_t begin,
                          std::size_t end) {
  return {labels.data() + begin, end - begin, IntegerType::kInt64};
}

// Random cut points of [0, n), so that some pieces are empty.
std::vector<std::size_t> random_cuts(Random& random, std::size_t n) {
  std::vector<std::size_t> cuts{0, n};
  for (int c = 0; c < 6; ++c) cuts.push_back(random.below(n + 1));
  cuts.push_back(cuts.back());
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

struct Result {
  Thresholds thresholds;
  std::vector<std::int64_t> label_counts, joint;
  std::vector<std::uint8_t> flags;

  bool operator==(const Result& other) const {
    return thresholds.of_matrix_type == other.thresholds.of_matrix_type &&
           thresholds.values == other.thresholds.values && label_counts == other.label_counts &&
           joint == other.joint && flags == other.flags;
  }
};

template <typename T>
Result in_pieces(const Problem<T>& problem, const std::vector<std::size_t>& cuts, Collision rule,
                 const Execution& execution) {
  const std::size_t classes = problem.view().cols;
  std::vector<ThresholdAccumulator> sums;
  for (std::size_t p = 0; p + 1 < cuts.size(); ++p) {
    if (p % 2 == 0) sums.emplace_back(classes);  // two updates per shard
    sums.back().update(rows_between(problem.view(), cuts[p], cuts[p + 1]),
                       labels_between(problem.labels, cuts[p], cuts[p + 1]), execution);
  }
  for (std::size_t s = 1; s < sums.size(); ++s) sums[0].merge(sums[s]);

  Result result{sums[0].template finish<T>(),
                sums[0].label_counts(),
                {},
                std::vector<std::uint8_t>(problem.labels.size())};
  ConfidentJointAccumulator joint(result.thresholds, rule);
  for (std::size_t p = cuts.size() - 1; p-- > 0;) {  // last piece first
    ConfidentJointAccumulator shard(result.thresholds, rule);
    shard.update(rows_between(problem.view(), cuts[p], cuts[p + 1]),
                 labels_between(problem.labels, cuts[p], cuts[p + 1]), execution,
                 std::span(result.flags).subspan(cuts[p], cuts[p + 1] - cuts[p]));
    joint.merge(shard);
  }
  result.joint = std::move(joint).finish().values;
  return result;
}

template <typename T>
void check_pieces(std::uint64_t seed) {
  Random random(seed);
  const Problem<T> problem(random, (7u << 20) / sizeof(T) / 12, 12);
  const std::size_t n = problem.labels.size();
  for (const Collision rule : {Collision::kArgmax, Collision::kConfident}) {
    const Result whole = in_pieces(problem, {0, n}, rule, with_threads(1));
    for_each_isa([&](const std::string& isa) {
      for (const std::size_t threads : kThreadCounts) {
        CHECK(in_pieces(problem, {0, n}, rule, with_threads(threads)) == whole, isa, threads);
        CHECK(in_pieces(problem, random_cuts(random, n), rule, with_threads(threads)) == whole, isa,
              threads);
      }
    });
  }
}

CUPEL_TEST(pieces_and_threads_give_the_bits_of_one_update_half) { check_pieces<Half>(1); }
CUPEL_TEST(pieces_and_threads_give_the_bits_of_one_update_float) { check_pieces<float>(2); }
CUPEL_TEST(pieces_and_threads_give_the_bits_of_one_update_double) { check_pieces<double>(3); }

template <typename T>
void check_small(std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 400; ++round) {
    const Problem<T> problem(random, 1 + random.below(40), 1 + random.below(6));
    const MatrixView<T> probs = problem.view();
    for (const Collision rule : {Collision::kArgmax, Collision::kConfident}) {
      const Result got = in_pieces(problem, {0, probs.rows}, rule, Execution{});
      const NaiveFlags wanted = naive_flags(probs, problem.labels, got.thresholds, rule);
      CHECK(got.joint == wanted.joint.values, round);
      for (std::size_t i = 0; i < probs.rows; ++i)
        CHECK(got.flags[i] == (wanted.off_diagonal[i] ? kFlagOffDiagonal : 0) +
                                  (wanted.predicted_other[i] ? kFlagPredictedOther : 0),
              round, i);
    }
  }
}

CUPEL_TEST(counts_are_those_of_plain_loops) {
  check_small<Half>(4);
  check_small<float>(5);
  check_small<double>(6);
}

CUPEL_TEST(thresholds_are_means_of_the_given_class) {
  const std::vector<std::int64_t> labels{0, 0, 1, 1, 1};
  Matrix<double> probs(5, 3);
  probs(0, 0) = 0.5, probs(1, 0) = 0.25;
  probs(2, 1) = 0.125, probs(3, 1) = 1.0, probs(4, 1) = 0.75;
  ThresholdAccumulator sums(3);
  sums.update(probs.view(), view_of(labels), Execution{});
  const Thresholds t = sums.finish<double>();
  CHECK(t.values == (std::vector<double>{0.375, 0.625, 2.0}));  // class 2 has no examples
  CHECK(!t.of_matrix_type);
  CHECK(sums.label_counts() == (std::vector<std::int64_t>{2, 3, 0}));
}

CUPEL_TEST(thresholds_have_a_lower_bound) {
  ThresholdAccumulator sums(1);
  sums.update(Matrix<float>(3, 1).view(), view_of({0, 0, 0}), Execution{});
  const Thresholds t = sums.finish<float>();
  CHECK(t.of_matrix_type && t.values[0] == static_cast<double>(2e-6f), t.values[0]);
}

// A bad value is reported at the first place, whatever the threads, the blocks and the type.
template <typename T>
void check_first_bad_value(std::uint64_t seed) {
  Random random(seed);
  Problem<T> problem(random, (7u << 20) / sizeof(T) / 5, 5);
  const std::size_t n = problem.labels.size();
  for (int round = 0; round < 4; ++round) {
    std::size_t rows[3] = {random.below(n), random.below(n), random.below(n)};
    for (const std::size_t row : rows) problem.probs(row, 3) = stored<T>(std::nan(""));
    const std::size_t first = *std::min_element(rows, rows + 3);
    const auto at_first = [&](const InvalidProbability& e) {
      return e.row == first && e.column == 3 && std::isnan(e.value);
    };
    for (const std::size_t threads : kThreadCounts) {
      const Execution execution = with_threads(threads);
      std::vector<std::int64_t> best(n);
      CHECK(throws<InvalidProbability>([&] { check_probabilities(problem.view(), execution); },
                                       at_first),
            threads);
      CHECK(throws<InvalidProbability>([&] { argmax(problem.view(), execution, std::span(best)); },
                                       at_first),
            threads);
      CHECK(throws<InvalidProbability>(
                [&] { in_pieces(problem, {0, n}, Collision::kArgmax, execution); }, at_first),
            threads);
    }
    std::vector<std::uint8_t> finite(n);
    finite_rows(problem.view(), with_threads(3), std::span(finite));
    for (std::size_t i = 0; i < n; ++i)
      CHECK((finite[i] == 0) == (i == rows[0] || i == rows[1] || i == rows[2]), i);
    for (const std::size_t row : rows) problem.probs(row, 3) = stored<T>(0.5);
  }
}

CUPEL_TEST(the_first_bad_probability_is_reported) {
  check_first_bad_value<Half>(7);
  check_first_bad_value<double>(8);
}

CUPEL_TEST(the_first_bad_label_is_reported) {
  Random random(9);
  Problem<float> problem(random, 500000, 5);
  for (const std::int64_t bad :
       {std::int64_t{-1}, std::int64_t{5}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    const std::size_t rows[2] = {random.below(250000), 250000 + random.below(250000)};
    for (const std::size_t row : rows) problem.labels[row] = bad;
    for (const std::size_t threads : kThreadCounts) {
      ThresholdAccumulator sums(5);
      CHECK(
          throws<InvalidLabel>(
              [&] { sums.update(problem.view(), view_of(problem.labels), with_threads(threads)); },
              [&](const InvalidLabel& e) {
                return e.row == rows[0] && e.label == bad && e.classes == 5;
              }),
          threads, bad);
    }
    for (const std::size_t row : rows) problem.labels[row] = 0;
  }
}

template <typename Integer>
void check_label_type(IntegerType type) {
  const std::vector<Integer> raw{Integer(0), Integer(2), Integer(1),
                                 std::numeric_limits<Integer>::max(),
                                 std::numeric_limits<Integer>::min()};
  std::vector<std::int64_t> wide(4);
  LabelsView{raw.data(), raw.size(), type}.load(1, 4, wide.data());
  const auto highest = static_cast<std::int64_t>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(std::numeric_limits<Integer>::max()),
                              std::numeric_limits<std::int64_t>::max()));
  CHECK(wide == (std::vector<std::int64_t>{2, 1, highest, static_cast<std::int64_t>(raw[4])}));
}

CUPEL_TEST(labels_of_every_integer_type_are_read) {
  check_label_type<std::int8_t>(IntegerType::kInt8);
  check_label_type<std::int16_t>(IntegerType::kInt16);
  check_label_type<std::int32_t>(IntegerType::kInt32);
  check_label_type<std::int64_t>(IntegerType::kInt64);
  check_label_type<std::uint8_t>(IntegerType::kUint8);
  check_label_type<std::uint16_t>(IntegerType::kUint16);
  check_label_type<std::uint32_t>(IntegerType::kUint32);
  check_label_type<std::uint64_t>(IntegerType::kUint64);
}

}  // namespace
}  // namespace cupel::test
