// Every kernel, on every instruction set of this machine: the bits of the baseline, and the answers
// of plain loops.
#include <cmath>
#include <cstring>
#include <limits>

#include "check.hpp"
#include "core/cpu.hpp"
#include "data.hpp"
#include "naive.hpp"

namespace cupel::test {
namespace {

constexpr std::size_t kRows = 7;
constexpr std::size_t kColumnCounts[] = {1,  2,  3,  4,  5,  6,  7,   8,   9,   10,  11,
                                         12, 13, 14, 15, 16, 17, 127, 128, 129, 130, 1000};

// One block and the vectors over classes that kernels read.
template <typename T>
struct Input {
  MatrixView<T> probs;
  std::vector<std::int64_t> given;
  std::vector<Compute<T>> cuts, shift;
  std::vector<double> shift_f64;
  Compute<T> shift_max;
  double shift_max_f64;

  Input(Random& random, MatrixView<T> view)
      : probs(view),
        given(view.rows),
        cuts(padded(view.cols), std::numeric_limits<Compute<T>>::infinity()),
        shift(padded(view.cols)),
        shift_f64(padded(view.cols)) {
    for (std::int64_t& k : given) k = static_cast<std::int64_t>(random.below(view.cols));
    for (std::size_t j = 0; j < view.cols; ++j) {
      const auto threshold = round_to<T>(0.25 + 0.5 * random.unit());
      shift[j] = threshold;
      shift_f64[j] = random.unit();
      cuts[j] = random.chance(0.2) ? round_to<T>(0.5) : threshold;
    }
    shift_max = *std::max_element(shift.begin(), shift.end());
    shift_max_f64 = *std::max_element(shift_f64.begin(), shift_f64.end());
  }
  [[nodiscard]] RowBlock<T> block() const { return {probs, given.data()}; }
};

struct Output {
  std::string kernel;
  std::vector<std::uint8_t> bytes;
};

template <typename T>
std::vector<std::uint8_t> bytes_of(const std::vector<T>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The margins of all rows, one list after the other, each behind its length.
template <typename T>
std::vector<std::uint32_t> all_margins(const KernelsOf<T>& kernels, const Input<T>& in) {
  std::vector<std::uint32_t> all;
  std::vector<std::uint32_t> hits(in.probs.cols);
  std::vector<Compute<T>> cuts = in.cuts;
  for (std::size_t j = 0; j < in.probs.cols; ++j)
    cuts[j] = j % 3 == 0 ? Compute<T>(0) : cuts[j] - Compute<T>(0.5);
  for (std::size_t i = 0; i < in.probs.rows; ++i) {
    const std::size_t n = kernels.margins_above(in.probs.row(i), in.probs.cols, in.given[i],
                                                cuts.data(), hits.data());
    all.push_back(static_cast<std::uint32_t>(n));
    all.insert(all.end(), hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return all;
}

// What every kernel of a table says of an input.
template <typename T>
std::vector<Output> run_all(const KernelsOf<T>& kernels, const Input<T>& in) {
  const std::size_t n = in.probs.rows;
  std::vector<Output> outputs;
  const auto keep = [&](const char* kernel, const auto& values) {
    outputs.push_back({kernel, bytes_of(values)});
  };
  for (const double tolerance : {kProbabilityTolerance, 0.0})
    keep("first_invalid_row",
         std::vector<std::size_t>{kernels.first_invalid_row(in.probs, tolerance)});
  for (const bool rule : {false, true}) {
    std::vector<std::int64_t> guess(n);
    std::vector<std::uint8_t> flags(n);
    std::vector<std::size_t> valid{
        kernels.confident_rows(in.block(), in.cuts.data(), rule, guess.data(), flags.data())};
    guess.resize(valid[0]);
    flags.resize(valid[0]);
    keep("confident_rows", valid);
    keep("confident_rows: guess", guess);
    keep("confident_rows: flags", flags);
  }
  std::vector<std::uint8_t> flags(n);
  std::vector<std::size_t> valid{kernels.predicted_other_rows(in.block(), flags.data())};
  flags.resize(valid[0]);
  keep("predicted_other_rows", valid);
  keep("predicted_other_rows: flags", flags);
  if (valid[0] < n) return outputs;  // the others require valid rows

  std::vector<std::int64_t> best(n);
  kernels.argmax_rows(in.probs, best.data());
  keep("argmax_rows", best);
  keep("margins_above", all_margins(kernels, in));
  std::vector<T> scores(n);
  std::vector<double> wide(n);
  for (const Compute<T>* shift : {static_cast<const Compute<T>*>(nullptr), in.shift.data()}) {
    kernels.self_confidence_rows(in.block(), shift, in.shift_max, scores.data());
    keep("self_confidence_rows", scores);
    kernels.normalized_margin_rows(in.block(), shift, in.shift_max, scores.data());
    keep("normalized_margin_rows", scores);
  }
  for (const double* shift : {static_cast<const double*>(nullptr), in.shift_f64.data()}) {
    kernels.self_confidence_rows_f64(in.block(), shift, in.shift_max_f64, wide.data());
    keep("self_confidence_rows_f64", wide);
    kernels.normalized_margin_rows_f64(in.block(), shift, in.shift_max_f64, wide.data());
    keep("normalized_margin_rows_f64", wide);
  }
  kernels.entropy_rows(in.block(), wide.data());
  keep("entropy_rows", wide);
  return outputs;
}

template <typename T>
void check_same_bits_everywhere(const Input<T>& in) {
  std::vector<Output> baseline;
  for_each_isa([&](const std::string& isa) {
    const std::vector<Output> outputs = run_all(kernels_of<T>(), in);
    if (baseline.empty()) baseline = outputs;
    CHECK(outputs.size() == baseline.size(), isa);
    for (std::size_t o = 0; o < outputs.size(); ++o)
      CHECK(outputs[o].bytes == baseline[o].bytes, isa, outputs[o].kernel, "columns", in.probs.cols,
            "stride", in.probs.row_stride, "bytes per value", sizeof(T));
  });
}

// Calls f with inputs of every column count and row stride.
template <typename T, typename F>
void for_each_shape(std::uint64_t seed, const F& f) {
  Random random(seed);
  for (const std::size_t cols : kColumnCounts) {
    const auto k = static_cast<std::ptrdiff_t>(cols);
    for (const std::ptrdiff_t stride : {k, k + 3, 2 * k, -k, -k - 5, std::ptrdiff_t{0}}) {
      Matrix<T> matrix(kRows, cols, stride);
      for (std::size_t round = 0; round < (cols < 20 ? 10u : 2u); ++round) {
        matrix.fill([&] { return tied_probability(random); });
        f(random, matrix);
      }
    }
  }
}

template <typename T>
void check_bits() {
  for_each_shape<T>(1, [](Random& random, Matrix<T>& matrix) {
    check_same_bits_everywhere(Input<T>(random, matrix.view()));
  });
}

// Rows with one forbidden value: found in the same row everywhere, rows before it answered alike.
template <typename T>
void check_invalid() {
  for_each_shape<T>(2, [](Random& random, Matrix<T>& matrix) {
    const MatrixView<T> view = matrix.view();
    const std::size_t row = view.row_stride == 0 ? 0 : random.below(view.rows);
    const std::size_t column = random.below(view.cols);
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double bad : {std::nan(""), -infinity, infinity, 1.01, -0.01}) {
      matrix(row, column) = stored<T>(bad);
      const Input<T> in(random, view);
      check_same_bits_everywhere(in);
      for_each_isa([&](const std::string& isa) {
        const std::size_t found = kernels_of<T>().first_invalid_row(view, kProbabilityTolerance);
        CHECK(found == row, isa, found, row, column, bad, view.cols);
      });
    }
  });
}

// Answers against plain loops.
template <typename T>
void check_answers() {
  for_each_shape<T>(3, [](Random& random, Matrix<T>& matrix) {
    const Input<T> in(random, matrix.view());
    const std::size_t cols = in.probs.cols;
    for_each_isa([&](const std::string& isa) {
      const KernelsOf<T>& kernels = kernels_of<T>();
      std::vector<std::int64_t> best(kRows), guess(kRows);
      std::vector<std::uint8_t> flags(kRows);
      std::vector<T> self(kRows), margin(kRows);
      kernels.argmax_rows(in.probs, best.data());
      kernels.self_confidence_rows(in.block(), nullptr, Compute<T>(0), self.data());
      kernels.normalized_margin_rows(in.block(), nullptr, Compute<T>(0), margin.data());
      for (const Collision rule : {Collision::kArgmax, Collision::kConfident}) {
        CHECK(kernels.confident_rows(in.block(), in.cuts.data(), rule == Collision::kConfident,
                                     guess.data(), flags.data()) == kRows,
              isa, cols);
        for (std::size_t i = 0; i < kRows; ++i) {
          const T* row = in.probs.row(i);
          const auto given = static_cast<std::size_t>(in.given[i]);
          std::vector<bool> confident(cols);
          for (std::size_t j = 0; j < cols; ++j) confident[j] = to_compute(row[j]) >= in.cuts[j];
          const std::int64_t wanted = naive_confident_class(row, confident, rule);
          CHECK(guess[i] == wanted, isa, cols, i, guess[i], wanted);
          CHECK(((flags[i] & kOffDiagonal) != 0) == (wanted >= 0 && wanted != in.given[i]), isa,
                cols, i);
          CHECK(((flags[i] & kPredictedOther) != 0) == naive_predicted_other(row, cols, given), isa,
                cols, i);
          CHECK(static_cast<std::size_t>(best[i]) == naive_argmax(values_of(row, cols)), isa, cols,
                i);
          CHECK(to_compute(self[i]) == naive_score(row, cols, given, ScoreMethod::kSelfConfidence),
                isa, cols, i);
          CHECK(to_compute(margin[i]) ==
                    naive_score(row, cols, given, ScoreMethod::kNormalizedMargin),
                isa, cols, i);
        }
      }
    });
  });
}

CUPEL_TEST(kernels_give_the_same_bits_half) { check_bits<Half>(); }
CUPEL_TEST(kernels_give_the_same_bits_float) { check_bits<float>(); }
CUPEL_TEST(kernels_give_the_same_bits_double) { check_bits<double>(); }

CUPEL_TEST(kernels_find_invalid_rows) {
  check_invalid<Half>();
  check_invalid<float>();
  check_invalid<double>();
}

CUPEL_TEST(kernels_agree_with_plain_loops) {
  check_answers<Half>();
  check_answers<float>();
  check_answers<double>();
}

// The differences above each cut, in ascending order, rounded to the storage type.
template <typename T>
void check_margins() {
  for_each_shape<T>(4, [](Random& random, Matrix<T>& matrix) {
    const Input<T> in(random, matrix.view());
    const std::size_t cols = in.probs.cols;
    std::vector<Compute<T>> cuts(padded(cols), std::numeric_limits<Compute<T>>::infinity());
    for (std::size_t j = 0; j < cols; ++j)
      cuts[j] = naive_margin(in.probs.row(random.below(kRows)), j, random.below(cols));
    for_each_isa([&](const std::string& isa) {
      std::vector<std::uint32_t> hits(cols);
      for (std::size_t i = 0; i < kRows; ++i) {
        const T* row = in.probs.row(i);
        std::vector<std::uint32_t> wanted;
        for (std::size_t j = 0; j < cols; ++j)
          if (naive_margin(row, j, static_cast<std::size_t>(in.given[i])) > cuts[j])
            wanted.push_back(static_cast<std::uint32_t>(j));
        const std::size_t n =
            kernels_of<T>().margins_above(row, cols, in.given[i], cuts.data(), hits.data());
        CHECK(n == wanted.size() && std::equal(wanted.begin(), wanted.end(), hits.begin()), isa,
              cols, i);
      }
    });
  });
}

CUPEL_TEST(margins_are_those_of_plain_loops) {
  check_margins<Half>();
  check_margins<float>();
  check_margins<double>();
}

// An empty block is no reason to read anything.
CUPEL_TEST(kernels_accept_no_rows) {
  for_each_isa([](const std::string& isa) {
    const MatrixView<double> empty{nullptr, 0, 3, 3};
    CHECK(kernels_of<double>().first_invalid_row(empty, 0.0) == 0, isa);
    kernels_of<double>().argmax_rows(empty, nullptr);
    kernels_of<double>().entropy_rows({empty, nullptr}, nullptr);
  });
}

// The kernels' logarithm is within one unit in the last place, and the same everywhere.
CUPEL_TEST(logarithm_is_accurate) {
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    double x = std::ldexp(1.0 + random.unit(), static_cast<int>(random.below(2044)) - 1022);
    if (i % 2 == 0)
      x = random.one_of({random.unit(), 1.0 - random.unit() * 1e-6, 1.0 + random.unit()});
    if (!(x >= std::numeric_limits<double>::min())) continue;
    const double reference = std::log(x);
    const double ulp = std::abs(std::nextafter(reference, 2 * reference) - reference);
    double first = 0.0;
    for_each_isa([&](const std::string& isa) {
      const double y = active_kernels().log(x);
      if (isa == "baseline") first = y;
      CHECK(std::abs(y - reference) <= ulp, isa, x, y, reference);
      CHECK(std::memcmp(&y, &first, sizeof y) == 0, isa, x);
    });
  }
}

}  // namespace
}  // namespace cupel::test
