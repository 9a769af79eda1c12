// The one implementation of the kernels. Each instruction set's file names itself and includes this
// file once.
//
// Rules, checked by tests/test_architecture.py:
//   * everything lives in an unnamed namespace, so no symbol compiled for AVX can be chosen by the
//     linker for use on a machine without AVX;
//   * no standard-library templates, for the same reason;
//   * sums follow one order, NumPy's pairwise one (eight lanes, one tree), on every instruction
//   set.
#ifndef CUPEL_ISA
#error "define CUPEL_ISA before including kernels.inl"
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

#include "kernels/half.hpp"
#include "kernels/kernels.hpp"

namespace cupel::CUPEL_ISA {
namespace {

#include "kernels/batch.hpp"

constexpr double kLowestProbability = 1e-6;  // probabilities that are divided by are raised to this

#if defined(_MSC_VER) && !defined(__clang__)
inline std::size_t lowest_lane(unsigned mask) {
  unsigned long lane;
  _BitScanForward(&lane, mask);
  return lane;
}
inline std::size_t count_lanes(unsigned mask) { return __popcnt(mask); }
#else
inline std::size_t lowest_lane(unsigned mask) {
  return static_cast<std::size_t>(__builtin_ctz(mask));
}
inline std::size_t count_lanes(unsigned mask) {
  return static_cast<std::size_t>(__builtin_popcount(mask));
}
#endif

// MatrixView::row would be a weak symbol here.
template <typename S>
inline const S* row_of(const MatrixView<S>& probs, std::size_t i) {
  return probs.data + static_cast<std::ptrdiff_t>(i) * probs.row_stride;
}

// ---- reading a row of any storage type as batches of a computing type -------------------------

inline double scalar(double x) { return x; }
inline float scalar(float x) { return x; }
inline float scalar(Half x) { return to_float(x); }

inline Batch<double> load(const double* p) { return Batch<double>::load(p); }
inline Batch<float> load(const float* p) { return Batch<float>::load(p); }
inline Batch<float> load(const Half* p) { return load_half(p); }

inline Batch<double> load_first(const double* p, std::size_t n, double fill) {
  return Batch<double>::load_first(p, n, fill);
}
inline Batch<float> load_first(const float* p, std::size_t n, float fill) {
  return Batch<float>::load_first(p, n, fill);
}
inline Batch<float> load_first(const Half* p, std::size_t n, float fill) {
  Half part[kLanes] = {};
  for (std::size_t l = 0; l < n; ++l) part[l] = p[l];
  return select((1u << n) - 1, load_half(part), Batch<float>::all(fill));
}

template <typename A>
struct As;
template <>
struct As<double> {
  static Batch<double> of(Batch<double> a) { return a; }
  static Batch<double> of(Batch<float> a) { return widen(a); }
};
template <>
struct As<float> {
  static Batch<float> of(Batch<float> a) { return a; }
};

// Calls body(j, batch) for the row's batches; lanes past the end hold `fill`.
template <typename S, typename Body>
inline void for_each_batch(const S* row, std::size_t cols, Compute<S> fill, const Body& body) {
  std::size_t j = 0;
  for (; j + kLanes <= cols; j += kLanes) body(j, load(row + j));
  if (j < cols) body(j, load_first(row + j, cols - j, fill));
}

// ---- rounding to the storage type: float16 arithmetic is float32 arithmetic, rounded -----------

template <typename S, typename A>
struct Rounded {
  static A of(A x) { return x; }
  static Batch<A> of(Batch<A> x) { return x; }
};
template <>
struct Rounded<Half, float> {
  static float of(float x) { return to_float(to_half(x)); }
  static Batch<float> of(Batch<float> x) { return round_half(x); }
};

template <typename S>
struct Stored {
  static S of(S x) { return x; }
};
template <>
struct Stored<Half> {
  static Half of(float x) { return to_half(x); }
};

// ---- reductions over lanes ---------------------------------------------------------------------

template <typename A>
inline A highest(Batch<A> a) {
  A lane[kLanes];
  a.store(lane);
  A best = lane[0];
  for (std::size_t l = 1; l < kLanes; ++l) best = lane[l] > best ? lane[l] : best;
  return best;
}

template <typename A>
inline A tree_sum(Batch<A> a) {
  A r[kLanes];
  a.store(r);
  return ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
}

// Sum of the terms [begin, begin + n) in NumPy's pairwise order. `terms` gives batch(j), eight
// terms from j on, and first(j, n, out), the first n < 8 of them.
template <typename A, typename Terms>
A pairwise_sum(const Terms& terms, std::size_t begin, std::size_t n) {
  constexpr std::size_t block = 128;
  if (n > block) {
    const std::size_t half = n / 2 - n / 2 % kLanes;
    const A left = pairwise_sum<A>(terms, begin, half);
    return left + pairwise_sum<A>(terms, begin + half, n - half);
  }
  A sum = A(0);
  std::size_t i = 0;
  if (n >= kLanes) {
    Batch<A> sums = terms.batch(begin);
    for (i = kLanes; i + kLanes <= n; i += kLanes) sums = sums + terms.batch(begin + i);
    sum = tree_sum(sums);
  }
  if (i < n) {
    A rest[kLanes];
    terms.first(begin + i, n - i, rest);
    for (std::size_t l = 0; l < n - i; ++l) sum += rest[l];
  }
  return sum;
}

// ---- natural logarithm -------------------------------------------------------------------------

// log(x) = k log 2 + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and with s = f / (2 + f):
// log(1 + f) = 2 s + s (c1 s^2 + c2 s^4 + ...), minimax coefficients, error 0.02 ulp before
// rounding. 2 s is written as f - f^2/2 + s f^2/2, whose leading terms are exact or nearly so.
inline Batch<double> log(Batch<double> x) {
  using B = Batch<double>;
  B k, m;
  split_exponent(x, k, m);
  const B f = m - B::all(1.0);
  const B s = f / (B::all(2.0) + f);
  const B z = s * s;
  const B w = z * z;
  const B odd = B::all(0.39999999999415512) +
                w * (B::all(0.22222198595846815) + w * B::all(0.15314084963661359));
  const B even = B::all(0.66666666666667343) +
                 w * (B::all(0.28571428742183852) +
                      w * (B::all(0.18183563062586437) + w * B::all(0.14795585442960679)));
  const B series = z * even + w * odd;
  const B half_square = B::all(0.5) * f * f;
  const B ln2_high = B::all(0.6931467056274414), ln2_low = B::all(4.7493250390316726e-07);
  return k * ln2_high - ((half_square - (s * (half_square + series) + k * ln2_low)) - f);
}

double log_scalar(double x) {
  double lane[kLanes];
  log(Batch<double>::all(x)).store(lane);
  return lane[0];
}

// ---- checks ------------------------------------------------------------------------------------

// Lowest and highest admitted probability.
template <typename A>
struct Range {
  Batch<A> low, high;
  explicit Range(double tolerance)
      : low(Batch<A>::all(static_cast<A>(-tolerance))),
        high(Batch<A>::all(static_cast<A>(1.0 + tolerance))) {}
  unsigned holds(Batch<A> v) const { return ge(v, low) & ge(high, v); }
};

template <typename S>
bool all_valid(const S* values, std::size_t n, const Range<Compute<S>>& range) {
  unsigned valid = 0xff;
  for_each_batch(values, n, Compute<S>(0),
                 [&](std::size_t, Batch<Compute<S>> v) { valid &= range.holds(v); });
  return valid == 0xff;
}

template <typename S>
std::size_t first_invalid_row(MatrixView<S> probs, double tolerance) {
  const Range<Compute<S>> range(tolerance);
  // Rows without gaps are one long row, which wastes no lanes at the end of each.
  const bool gapless = probs.row_stride == static_cast<std::ptrdiff_t>(probs.cols);
  if (gapless && all_valid(probs.data, probs.rows * probs.cols, range)) return probs.rows;
  for (std::size_t i = 0; i < probs.rows; ++i)
    if (!all_valid(row_of(probs, i), probs.cols, range)) return i;
  return probs.rows;
}

// ---- which class -------------------------------------------------------------------------------

template <typename S>
std::size_t first_equal(const S* row, std::size_t cols, Compute<S> value) {
  using A = Compute<S>;
  const Batch<A> wanted = Batch<A>::all(value);
  std::size_t j = 0;
  for (; j + kLanes <= cols; j += kLanes)
    if (const unsigned mask = eq(load(row + j), wanted)) return j + lowest_lane(mask);
  for (; j < cols; ++j)
    if (scalar(row[j]) == value) return j;
  return 0;  // only if another thread changed the row meanwhile
}

// Whether the argmax is another class than `given` when 1e-6 is added to the given class, as
// NumPy would find it (in the storage type; ties to the lower index). `best` is the row's maximum.
template <typename S>
bool predicted_other(const S* row, std::size_t given, Compute<S> best) {
  using A = Compute<S>;
  const A bonus = Rounded<S, A>::of(static_cast<A>(1e-6));
  const A own = Rounded<S, A>::of(scalar(row[given]) + bonus);
  if (best != own) return best > own;
  return first_equal(row, given, own) != 0 || (given > 0 && scalar(row[0]) == own);
}

template <typename S>
std::size_t predicted_other_rows(const RowBlock<S>& block, std::uint8_t* flags) {
  using A = Compute<S>;
  const MatrixView<S>& probs = block.probs;
  const Range<A> range(kProbabilityTolerance);
  const A lowest = static_cast<A>(-kProbabilityTolerance);
  for (std::size_t i = 0; i < probs.rows; ++i) {
    const S* row = row_of(probs, i);
    unsigned valid = 0xff;
    Batch<A> best = Batch<A>::all(lowest);
    for_each_batch(row, probs.cols, lowest, [&](std::size_t, Batch<A> v) {
      valid &= range.holds(v);
      best = max(best, v);
    });
    if (valid != 0xff) return i;
    const auto given = static_cast<std::size_t>(block.given[i]);
    flags[i] = predicted_other(row, given, highest(best)) ? kPredictedOther : 0;
  }
  return probs.rows;
}

template <typename S, bool ArgmaxOfConfident>
std::size_t confident_rows_by(const RowBlock<S>& block, const Compute<S>* cuts, std::int64_t* guess,
                              std::uint8_t* flags) {
  using A = Compute<S>;
  const MatrixView<S>& probs = block.probs;
  const Range<A> range(kProbabilityTolerance);
  const A lowest = static_cast<A>(-kProbabilityTolerance);
  for (std::size_t i = 0; i < probs.rows; ++i) {
    const S* row = row_of(probs, i);
    unsigned valid = 0xff;
    std::size_t confident = 0;
    std::size_t first = 0;
    Batch<A> best = Batch<A>::all(lowest);
    Batch<A> best_confident = best;
    for_each_batch(row, probs.cols, lowest, [&](std::size_t j, Batch<A> v) {
      valid &= range.holds(v);
      best = max(best, v);
      const unsigned mask = ge(v, Batch<A>::load(cuts + j));
      if (mask == 0) return;
      if (confident == 0) first = j + lowest_lane(mask);
      confident += count_lanes(mask);
      if constexpr (ArgmaxOfConfident)
        best_confident = max(best_confident, select(mask, v, best_confident));
    });
    if (valid != 0xff) return i;
    const A top = highest(best);
    std::int64_t chosen = -1;
    if (confident == 1) {
      chosen = static_cast<std::int64_t>(first);
    } else if (confident > 1) {
      if constexpr (ArgmaxOfConfident) {
        const A wanted = highest(best_confident);  // an equal, unconfident one may come before it
        std::size_t j = first;
        while (j + 1 < probs.cols && !(scalar(row[j]) == wanted && scalar(row[j]) >= cuts[j])) ++j;
        chosen = static_cast<std::int64_t>(j);
      } else {
        chosen = static_cast<std::int64_t>(first_equal(row, probs.cols, top));
      }
    }
    guess[i] = chosen;
    const std::int64_t given = block.given[i];
    flags[i] = static_cast<std::uint8_t>(
        (chosen >= 0 && chosen != given ? kOffDiagonal : 0) |
        (predicted_other(row, static_cast<std::size_t>(given), top) ? kPredictedOther : 0));
  }
  return probs.rows;
}

template <typename S>
std::size_t confident_rows(const RowBlock<S>& block, const Compute<S>* cuts,
                           bool argmax_of_confident, std::int64_t* guess, std::uint8_t* flags) {
  return argmax_of_confident ? confident_rows_by<S, true>(block, cuts, guess, flags)
                             : confident_rows_by<S, false>(block, cuts, guess, flags);
}

template <typename S>
void argmax_rows(MatrixView<S> probs, std::int64_t* out) {
  using A = Compute<S>;
  for (std::size_t i = 0; i < probs.rows; ++i) {
    const S* row = row_of(probs, i);
    const A first = scalar(row[0]);
    Batch<A> best = Batch<A>::all(first);
    for_each_batch(row, probs.cols, first, [&](std::size_t, Batch<A> v) { best = max(best, v); });
    out[i] = static_cast<std::int64_t>(first_equal(row, probs.cols, highest(best)));
  }
}

template <typename S>
std::size_t margins_above(const S* row, std::size_t cols, std::int64_t given,
                          const Compute<S>* cuts, std::uint32_t* hits) {
  using A = Compute<S>;
  const Batch<A> own = Batch<A>::all(scalar(row[given]));
  std::size_t count = 0;
  for_each_batch(row, cols, A(0), [&](std::size_t j, Batch<A> v) {
    unsigned mask = gt(Rounded<S, A>::of(v - own), Batch<A>::load(cuts + j));
    for (; mask != 0; mask &= mask - 1)
      hits[count++] = static_cast<std::uint32_t>(j + lowest_lane(mask));
  });
  return count;
}

// ---- scores ------------------------------------------------------------------------------------

// The terms (p_j - shift_j) + shift_max of a row, each step rounded to the storage type.
template <typename S, typename A>
struct ShiftedRow {
  const S* row;
  const A* shift;
  A shift_max;

  Batch<A> shifted(std::size_t j, Batch<A> v) const {
    const Batch<A> difference = Rounded<S, A>::of(v - Batch<A>::load(shift + j));
    return Rounded<S, A>::of(difference + Batch<A>::all(shift_max));
  }
  Batch<A> batch(std::size_t j) const { return shifted(j, As<A>::of(load(row + j))); }
  void first(std::size_t j, std::size_t n, A* out) const {
    shifted(j, As<A>::of(load_first(row + j, n, 0))).store(out);
  }
  A term(std::size_t j) const {
    const A difference = Rounded<S, A>::of(static_cast<A>(scalar(row[j])) - shift[j]);
    return Rounded<S, A>::of(difference + shift_max);
  }
  // The sum to divide by; 1 instead of 0, so that rows of zeros stay zeros.
  A divisor(std::size_t cols) const {
    const A sum = Rounded<S, A>::of(pairwise_sum<A>(*this, 0, cols));
    return sum == A(0) ? A(1) : sum;
  }
};

// float16 matrices with double thresholds are shifted in double: no rounding to the storage type.
template <>
struct Rounded<Half, double> {
  static double of(double x) { return x; }
  static Batch<double> of(Batch<double> x) { return x; }
};

template <typename S, typename A, typename Out>
void self_confidence(const RowBlock<S>& block, const A* shift, A shift_max, Out* out) {
  for (std::size_t i = 0; i < block.probs.rows; ++i) {
    const S* row = row_of(block.probs, i);
    const std::int64_t given = block.given[i];
    A own = static_cast<A>(scalar(row[given]));
    if (shift != nullptr) {
      const ShiftedRow<S, A> shifted{row, shift, shift_max};
      own = Rounded<S, A>::of(shifted.term(static_cast<std::size_t>(given)) /
                              shifted.divisor(block.probs.cols));
    }
    out[i] = Stored<Out>::of(own);
  }
}

// Largest term besides the given class's; 0 if there is no other class. `term(j, batch)` maps a
// batch of probabilities to terms.
template <typename S, typename A, typename Term>
inline A highest_other(const S* row, std::size_t cols, std::size_t given, const Term& term) {
  const Batch<A> none = Batch<A>::all(static_cast<A>(-HUGE_VAL));
  Batch<A> best = none;
  for_each_batch(row, cols, 0, [&](std::size_t j, Batch<Compute<S>> v) {
    unsigned mask = cols - j >= kLanes ? 0xffu : (1u << (cols - j)) - 1;
    if (given - j < kLanes) mask &= ~(1u << (given - j));
    const Batch<A> terms = term(j, As<A>::of(v));
    best = max(best, mask == 0xff ? terms : select(mask, terms, none));
  });
  return cols > 1 ? highest(best) : A(0);
}

template <typename S, typename A, typename Out>
void normalized_margin(const RowBlock<S>& block, const A* shift, A shift_max, Out* out) {
  using R = Rounded<S, A>;
  const std::size_t cols = block.probs.cols;
  for (std::size_t i = 0; i < block.probs.rows; ++i) {
    const S* row = row_of(block.probs, i);
    const auto given = static_cast<std::size_t>(block.given[i]);
    A own;
    A other;
    if (shift == nullptr) {
      own = static_cast<A>(scalar(row[given]));
      other = highest_other<S, A>(row, cols, given, [](std::size_t, Batch<A> v) { return v; });
    } else {  // dividing by one positive sum keeps the order, so only two quotients are needed
      const ShiftedRow<S, A> shifted{row, shift, shift_max};
      const A divisor = shifted.divisor(cols);
      own = R::of(shifted.term(given) / divisor);
      other = highest_other<S, A>(row, cols, given,
                                  [&](std::size_t j, Batch<A> v) { return shifted.shifted(j, v); });
      other = R::of(other / divisor);
    }
    out[i] = Stored<Out>::of(R::of(R::of(R::of(own - other) + A(1)) / A(2)));
  }
}

inline Batch<double> x_log_x(Batch<double> p) { return p * log(p); }  // 0 where p is 0

// The terms p log p of a row, in double.
template <typename S>
struct EntropyRow {
  const S* row;
  Batch<double> batch(std::size_t j) const { return x_log_x(As<double>::of(load(row + j))); }
  void first(std::size_t j, std::size_t n, double* out) const {
    x_log_x(As<double>::of(load_first(row + j, n, 0))).store(out);
  }
};

// Terms computed before.
struct StoredTerms {
  const double* term;
  Batch<double> batch(std::size_t j) const { return Batch<double>::load(term + j); }
  void first(std::size_t j, std::size_t n, double* out) const {
    for (std::size_t l = 0; l < n; ++l) out[l] = term[j + l];
  }
};

// Minus the entropy of each row, in nats.
template <typename S>
void sums_of_x_log_x(MatrixView<S> probs, double* out) {
  constexpr std::size_t room = 2048;
  const std::size_t cols = probs.cols;
  const bool gapless = probs.row_stride == static_cast<std::ptrdiff_t>(cols);
  if (!gapless || cols > room / 8) {
    for (std::size_t i = 0; i < probs.rows; ++i)
      out[i] = pairwise_sum<double>(EntropyRow<S>{row_of(probs, i)}, 0, cols);
    return;
  }
  double terms[room];  // of several short rows at once, so that no lanes are wasted
  const std::size_t rows_at_once = room / cols;
  for (std::size_t i = 0; i < probs.rows; i += rows_at_once) {
    const std::size_t rows = probs.rows - i < rows_at_once ? probs.rows - i : rows_at_once;
    const EntropyRow<S> flat{row_of(probs, i)};
    const std::size_t n = rows * cols;
    std::size_t j = 0;
    for (; j + kLanes <= n; j += kLanes) flat.batch(j).store(terms + j);
    if (j < n) {
      double rest[kLanes];
      flat.first(j, n - j, rest);
      for (std::size_t l = 0; l < n - j; ++l) terms[j + l] = rest[l];
    }
    for (std::size_t r = 0; r < rows; ++r)
      out[i + r] = pairwise_sum<double>(StoredTerms{terms + r * cols}, 0, cols);
  }
}

// log(q + 1) / max(q, 1e-6), up to eight at a time, in place.
inline void finish_entropy(double* q, std::size_t n) {
  using B = Batch<double>;
  const B ratio = B::load_first(q, n, 1.0);
  double lane[kLanes];
  (log(ratio + B::all(1.0)) / max(ratio, B::all(kLowestProbability))).store(lane);
  for (std::size_t l = 0; l < n; ++l) q[l] = lane[l];
}

template <typename S>
void entropy_rows(const RowBlock<S>& block, double* out) {
  const MatrixView<S>& probs = block.probs;
  const double log_classes = log_scalar(static_cast<double>(probs.cols));
  sums_of_x_log_x(probs, out);
  for (std::size_t i = 0; i < probs.rows; ++i) {
    const double own = static_cast<double>(scalar(row_of(probs, i)[block.given[i]]));
    const double normalized = probs.cols > 1 ? -out[i] / log_classes : 0.0;
    out[i] = normalized / (own > kLowestProbability ? own : kLowestProbability);
  }
  for (std::size_t i = 0; i < probs.rows; i += kLanes)
    finish_entropy(out + i, probs.rows - i < kLanes ? probs.rows - i : kLanes);
}

// ---- true classes ------------------------------------------------------------------------------

#include "kernels/shortlist.inl"
#include "kernels/true_class.inl"

// ---- neighbours --------------------------------------------------------------------------------

#include "kernels/panels.inl"

template <typename S>
constexpr KernelsOf<S> table() {
  return {.first_invalid_row = first_invalid_row<S>,
          .confident_rows = confident_rows<S>,
          .predicted_other_rows = predicted_other_rows<S>,
          .argmax_rows = argmax_rows<S>,
          .margins_above = margins_above<S>,
          .self_confidence_rows = self_confidence<S, Compute<S>, S>,
          .normalized_margin_rows = normalized_margin<S, Compute<S>, S>,
          .self_confidence_rows_f64 = self_confidence<S, double, double>,
          .normalized_margin_rows_f64 = normalized_margin<S, double, double>,
          .entropy_rows = entropy_rows<S>,
          .shortlist = shortlist<S>,
          .true_class_rows = true_class_rows<S>,
          .squared_distance = squared_distance<S>,
          .coarse_squared_distance = coarse_squared_distance<S>};
}

#define CUPEL_NAME_(isa) #isa
#define CUPEL_NAME(isa) CUPEL_NAME_(isa)

}  // namespace

extern const Kernels kernels{.name = CUPEL_NAME(CUPEL_ISA),
                             .f16 = table<Half>(),
                             .f32 = table<float>(),
                             .f64 = table<double>(),
                             .log = log_scalar,
                             .panels = {.width = kPanelWidth,
                                        .close_pairs = close_pairs,
                                        .project = project,
                                        .add_outer_product = add_outer_product},
                             .tiles = {.log_tiles = log_tiles,
                                       .temper_tiles = temper_tiles,
                                       .leading_slots = leading_slots,
                                       .temperature_slope = temperature_slope,
                                       .judge_tiles = judge_tiles}};

}  // namespace cupel::CUPEL_ISA
