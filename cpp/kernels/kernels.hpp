// The kernel table: what each instruction set provides. Plain types only; no allocation, no
// exceptions, no threads. Every implementation returns the same bits (see kernels.inl).
#pragma once

#include <cstddef>
#include <cstdint>

#include "cupel/views.hpp"

namespace cupel {

// Storage type -> type that is computed with.
template <typename T>
struct ComputeOf {
  using Type = T;
};
template <>
struct ComputeOf<Half> {
  using Type = float;
};
template <typename T>
using Compute = typename ComputeOf<T>::Type;

// Lanes of every batch, whatever the instruction set. Vectors over classes that kernels read are
// padded to a multiple of it.
inline constexpr std::size_t kLanes = 8;
constexpr std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Probabilities this far outside [0, 1] are accepted, as cleanlab accepts them.
inline constexpr double kProbabilityTolerance = 1e-6;

// What confident_rows says of a row.
inline constexpr std::uint8_t kOffDiagonal = 1;  // confidently another class than the given one
inline constexpr std::uint8_t kPredictedOther =
    2;  // argmax, with 1e-6 for the given class, differs

// Rows of one block and their given labels, already checked to lie in [0, cols).
template <typename T>
struct RowBlock {
  MatrixView<T> probs;
  const std::int64_t* given;
};

// A row is multiplied by `power`, a power of two, and then by `factor`.
struct RowScale {
  double power = 1.0;
  double factor = 1.0;
};

// Two panels of packed rows. A panel holds PanelKernels::width rows, column by column: element
// (row, column) lies at [column * width + row]. Each row has half its squared norm, and a cut.
struct PanelPair {
  const float* a;
  const float* b;
  std::size_t depth;  // columns
  const float* a_half_norms;
  const float* b_half_norms;
  const float* a_cuts;
  const float* b_cuts;
};

// Rows `a` and `b` of a pair of panels. closeness = a.b - |a|^2/2 - |b|^2/2 = -|a - b|^2 / 2, up to
// rounding: the larger, the nearer.
struct PanelHit {
  float closeness;
  std::uint16_t a, b;
};

inline constexpr std::size_t kMaxPanelWidth = 48;

// Numbers of directions of a basis are multiples of this.
inline constexpr std::size_t kBasisPadding = 64;

struct PanelKernels {
  std::size_t width;  // rows per panel

  // Writes the pairs whose closeness is at least the smaller of their two cuts, and returns how
  // many. `hits` has room for width * width. The last bits of closeness depend on the instruction
  // set, but not on where in a panel a row lies, nor on which of the two is `a`.
  std::size_t (*close_pairs)(const PanelPair& pair, PanelHit* hits);

  // out[q] = sum over c of x[c] * basis[c * directions + q], each a chain of `depth` multiply-adds.
  void (*project)(const float* x, std::size_t depth, const float* basis, std::size_t directions,
                  float* out);

  // sums[c * directions + q] += x[c] * y[q].
  void (*add_outer_product)(const float* x, std::size_t depth, const float* y,
                            std::size_t directions, float* sums);
};

// So many classes of a row, at most, are weighed against each other as its true class: all of them
// in their order, or those of its shortlist. Each has a slot.
inline constexpr std::size_t kShortlist = 16;

// Slots are worked on in tiles of kLanes rows: slot z of row i lies at tile_index(i, z, width),
// with `width` slots to a row. The last tile's rows past the end hold copies of its last row.
constexpr std::size_t tile_index(std::size_t row, std::size_t slot, std::size_t width) {
  return (row / kLanes * width + slot) * kLanes + row % kLanes;
}

// How true classes are inferred.
struct TrueClassModel {
  std::size_t classes;
  const double* inverse_thresholds;  // padded with zeros
  const double* noise;               // [given * classes + true]
};

// What judge_tiles says of each row.
struct JudgedTiles {
  double* score;      // (own - best + 1) / 2
  double* error;      // sum of the other slots
  double* best;       // the largest other slot, -1 if there is none
  double* best_slot;  // its number, the lowest of equals
};

// First and second derivative of a mean log-likelihood.
struct Slope {
  double first = 0.0, second = 0.0;
};

// Arithmetic on tiles of `rows` rows with `width` slots, `rows` rounded up to whole tiles.
struct TileKernels {
  // out = log of each slot, raised to at least log(1e-12), minus the row's largest. May be in
  // place.
  void (*log_tiles)(const double* slots, std::size_t rows, std::size_t width, double* out);

  // out = exp(temperature * logs), rows made to sum to 1. Requires temperature in [1/16, 16]. May
  // be in place.
  void (*temper_tiles)(const double* logs, std::size_t rows, std::size_t width, double temperature,
                       double* out);

  // The largest slot of each row and its number as a double, -1 where another one comes to `tie` of
  // it. Writes whole tiles.
  void (*leading_slots)(const double* slots, std::size_t rows, std::size_t width, double tie,
                        double* largest, double* number);

  // Slope, by temperature, of the rows' summed log(sum of rates * weights), the weights being
  // tempered logs.
  Slope (*temperature_slope)(const double* logs, const double* weights, const double* rates,
                             std::size_t rows, std::size_t width);

  // Judges rates * weights, rows made to sum to 1. own_slot: the slot of the given label, as a
  // double. A row that is 0 everywhere is taken for 1 in its own slot. Writes whole tiles.
  void (*judge_tiles)(const double* weights, const double* rates, const double* own_slot,
                      std::size_t rows, std::size_t width, const JudgedTiles& out);
};

template <typename T>
struct KernelsOf {
  using C = Compute<T>;

  // The first row with a value outside [-tolerance, 1 + tolerance] (nan is outside), or probs.rows.
  std::size_t (*first_invalid_row)(MatrixView<T> probs, double tolerance);

  // The class each row confidently belongs to, -1 where no probability reaches its class's cut.
  // `cuts` is padded with +infinity. Returns the first invalid row (outputs up to it are valid), or
  // probs.rows. Two rules for rows with several confident classes: the argmax over all classes
  // (cleanlab's) or over the confident ones (the paper's, eq. 1).
  std::size_t (*confident_rows)(const RowBlock<T>& block, const C* cuts, bool argmax_of_confident,
                                std::int64_t* guess, std::uint8_t* flags);

  // flags[i] = kPredictedOther or 0. Returns as confident_rows.
  std::size_t (*predicted_other_rows)(const RowBlock<T>& block, std::uint8_t* flags);

  // Lowest index of each row's largest value.
  void (*argmax_rows)(MatrixView<T> probs, std::int64_t* out);

  // Writes the classes j with row[j] - row[given] > cuts[j] (padded with +infinity), ascending;
  // returns how many. The difference is rounded to T. `hits` has room for `cols`.
  std::size_t (*margins_above)(const T* row, std::size_t cols, std::int64_t given, const C* cuts,
                               std::uint32_t* hits);

  // Self-confidence and normalized margin. `shift` (padded, or null) holds the thresholds to
  // subtract and `shift_max` their maximum; rows are then renormalised.
  void (*self_confidence_rows)(const RowBlock<T>& block, const C* shift, C shift_max, T* out);
  void (*normalized_margin_rows)(const RowBlock<T>& block, const C* shift, C shift_max, T* out);

  // The same in double, for thresholds that are not of the matrix's type.
  void (*self_confidence_rows_f64)(const RowBlock<T>& block, const double* shift, double shift_max,
                                   double* out);
  void (*normalized_margin_rows_f64)(const RowBlock<T>& block, const double* shift,
                                     double shift_max, double* out);

  // Confidence-weighted entropy, computed in double.
  void (*entropy_rows)(const RowBlock<T>& block, double* out);

  // The kShortlist classes with the largest probability over threshold, ties to the lower class;
  // the given class replaces the last where it is not among them. In ascending order. Requires
  // cols > kShortlist.
  void (*shortlist)(const T* row, std::size_t cols, const double* inverse_thresholds,
                    std::int64_t given, std::uint32_t* list);

  // The weight of each true class of each row, without the given label, in tiles: probabilities
  // over thresholds; if `unmix`, moved one step towards the mixture of noise columns that explains
  // the row. `lists`: shortlists, kShortlist to a row, not read with up to kShortlist classes.
  void (*true_class_rows)(const T* const* rows, std::size_t count, const TrueClassModel& model,
                          bool unmix, const std::uint32_t* lists, double* tiles);

  // Squared Euclidean distance of two scaled rows, in double, by direct differences.
  double (*squared_distance)(const T* a, RowScale of_a, const T* b, RowScale of_b,
                             std::size_t cols);

  // The same in the computing type, or some value above `enough` if it is above it. At most
  // cols / 16 + 12 roundings on the way from a term to the sum.
  C (*coarse_squared_distance)(const T* a, C of_a, const T* b, C of_b, std::size_t cols, C enough);
};

struct Kernels {
  const char* name;
  KernelsOf<Half> f16;
  KernelsOf<float> f32;
  KernelsOf<double> f64;
  // Natural logarithm of a positive normal number, within 1 ulp, the same bits everywhere.
  double (*log)(double x);
  PanelKernels panels;
  TileKernels tiles;
};

namespace baseline {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}

}  // namespace cupel
