// All pairs of two panels of packed rows: the matrix product, and the filter on it while the
// products are still in registers. Included by kernels.inl.

#include "kernels/lanes.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#define CUPEL_UNROLL _Pragma("GCC unroll 8")
#elif defined(__clang__)
#define CUPEL_UNROLL _Pragma("unroll")
#else
#define CUPEL_UNROLL
#endif

// A register tile is kTileRows x (kTileVectors * Lanes::kWidth), as large as the registers allow: a
// loaded value is then used as often as possible. A panel is one tile wide; its rows, a few at a
// time, are also the tile's other side, so one packed copy serves both.
#if defined(CUPEL_ISA_AVX512)
constexpr std::size_t kTileRows = 8, kTileVectors = 3;
#elif defined(CUPEL_ISA_AVX2)
constexpr std::size_t kTileRows = 4, kTileVectors = 3;
#else
constexpr std::size_t kTileRows = 4, kTileVectors = 2;
#endif
constexpr std::size_t kPanelWidth = kTileVectors * Lanes::kWidth;
static_assert(kPanelWidth <= kMaxPanelWidth && kPanelWidth % kTileRows == 0);

struct Tile {
  Lanes sum[kTileRows][kTileVectors];
};

inline Tile products(const float* a, const float* b, std::size_t depth) {
  Tile t;
  CUPEL_UNROLL
  for (std::size_t r = 0; r < kTileRows; ++r) CUPEL_UNROLL
  for (std::size_t q = 0; q < kTileVectors; ++q) t.sum[r][q] = Lanes::zero();
  for (std::size_t c = 0; c < depth; ++c, a += kPanelWidth, b += kPanelWidth) {
    Lanes column[kTileVectors];
    CUPEL_UNROLL
    for (std::size_t q = 0; q < kTileVectors; ++q) column[q] = Lanes::load(b + q * Lanes::kWidth);
    CUPEL_UNROLL
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const Lanes x = Lanes::all(a[r]);
      CUPEL_UNROLL
      for (std::size_t q = 0; q < kTileVectors; ++q)
        t.sum[r][q] = multiply_add(x, column[q], t.sum[r][q]);
    }
  }
  return t;
}

// Turns products into closenesses; true if any pair is at least as close as a cut asks.
inline bool subtract_norms(Tile& t, const PanelPair& pair, std::size_t row) {
  unsigned any = 0;
  CUPEL_UNROLL
  for (std::size_t r = 0; r < kTileRows; ++r) {
    const Lanes half_norm = Lanes::all(pair.a_half_norms[row + r]);
    const Lanes cut = Lanes::all(pair.a_cuts[row + r]);
    CUPEL_UNROLL
    for (std::size_t q = 0; q < kTileVectors; ++q) {
      const std::size_t col = q * Lanes::kWidth;
      t.sum[r][q] = t.sum[r][q] - (half_norm + Lanes::load(pair.b_half_norms + col));
      any |= at_least(t.sum[r][q], min(cut, Lanes::load(pair.b_cuts + col)));
    }
  }
  return any != 0;
}

inline std::size_t append_hits(const Tile& t, const PanelPair& pair, std::size_t row,
                               PanelHit* hits) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < kTileRows; ++r) {
    const Lanes cut = Lanes::all(pair.a_cuts[row + r]);
    for (std::size_t q = 0; q < kTileVectors; ++q) {
      const std::size_t col = q * Lanes::kWidth;
      unsigned mask = at_least(t.sum[r][q], min(cut, Lanes::load(pair.b_cuts + col)));
      if (mask == 0) continue;
      float closeness[Lanes::kWidth];
      t.sum[r][q].store(closeness);
      for (; mask != 0; mask &= mask - 1) {
        const std::size_t lane = lowest_lane(mask);
        hits[count++] = {closeness[lane], static_cast<std::uint16_t>(row + r),
                         static_cast<std::uint16_t>(col + lane)};
      }
    }
  }
  return count;
}

std::size_t close_pairs(const PanelPair& pair, PanelHit* hits) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < kPanelWidth; row += kTileRows) {
    Tile t = products(pair.a + row, pair.b, pair.depth);
    if (subtract_norms(t, pair, row)) count += append_hits(t, pair, row, hits + count);
  }
  return count;
}

// Adds x[c] * basis[c] for all c to `out`, which then holds the coordinates of x in the basis: the
// products with kBasisVectors registers of columns at a time.
constexpr std::size_t kBasisVectors = 4;

inline void project_chunk(const float* x, std::size_t depth, const float* basis,
                          std::size_t basis_stride, float* out) {
  Lanes sum[kBasisVectors];
  CUPEL_UNROLL
  for (std::size_t q = 0; q < kBasisVectors; ++q) sum[q] = Lanes::zero();
  for (std::size_t c = 0; c < depth; ++c, basis += basis_stride) {
    const Lanes value = Lanes::all(x[c]);
    CUPEL_UNROLL
    for (std::size_t q = 0; q < kBasisVectors; ++q)
      sum[q] = multiply_add(value, Lanes::load(basis + q * Lanes::kWidth), sum[q]);
  }
  CUPEL_UNROLL
  for (std::size_t q = 0; q < kBasisVectors; ++q) sum[q].store(out + q * Lanes::kWidth);
}

void project(const float* x, std::size_t depth, const float* basis, std::size_t directions,
             float* out) {
  constexpr std::size_t chunk = kBasisVectors * Lanes::kWidth;
  static_assert(kBasisPadding % chunk == 0);
  for (std::size_t q = 0; q < directions; q += chunk)
    project_chunk(x, depth, basis + q, directions, out + q);
}

void add_outer_product(const float* x, std::size_t depth, const float* y, std::size_t directions,
                       float* sums) {
  for (std::size_t c = 0; c < depth; ++c, sums += directions) {
    const Lanes value = Lanes::all(x[c]);
    for (std::size_t q = 0; q < directions; q += Lanes::kWidth)
      multiply_add(value, Lanes::load(y + q), Lanes::load(sums + q)).store(sums + q);
  }
}

// Sum over the columns of (a * scale - b * scale)^2 in double, in one order on every instruction
// set.
template <typename S, bool kScaled>
double sum_of_squares(const S* a, RowScale of_a, const S* b, RowScale of_b, std::size_t cols) {
  using B = Batch<double>;
  const auto term = [&](Batch<Compute<S>> x, Batch<Compute<S>> y) {
    B u = As<double>::of(x);
    B v = As<double>::of(y);
    if (kScaled) {
      u = u * B::all(of_a.power) * B::all(of_a.factor);
      v = v * B::all(of_b.power) * B::all(of_b.factor);
    }
    const B difference = u - v;
    return difference * difference;
  };
  B even = B::all(0.0);
  B odd = B::all(0.0);
  std::size_t j = 0;
  for (; j + 2 * kLanes <= cols; j += 2 * kLanes) {
    even = even + term(load(a + j), load(b + j));
    odd = odd + term(load(a + j + kLanes), load(b + j + kLanes));
  }
  for (; j < cols; j += kLanes) {
    const std::size_t n = cols - j < kLanes ? cols - j : kLanes;
    even = even + term(load_first(a + j, n, 0), load_first(b + j, n, 0));
  }
  double lane[kLanes];
  (even + odd).store(lane);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

template <typename S>
double squared_distance(const S* a, RowScale of_a, const S* b, RowScale of_b, std::size_t cols) {
  const bool scaled = of_a.power != 1 || of_a.factor != 1 || of_b.power != 1 || of_b.factor != 1;
  return scaled ? sum_of_squares<S, true>(a, of_a, b, of_b, cols)
                : sum_of_squares<S, false>(a, of_a, b, of_b, cols);
}

// In the computing type of the storage, and only until the sum exceeds `enough`.
template <typename S>
Compute<S> coarse_squared_distance(const S* a, Compute<S> of_a, const S* b, Compute<S> of_b,
                                   std::size_t cols, Compute<S> enough) {
  using C = Compute<S>;
  using B = Batch<C>;
  constexpr std::size_t stretch = 16 * kLanes;
  const auto term = [&](B x, B y) {
    const B difference = x * B::all(of_a) - y * B::all(of_b);
    return difference * difference;
  };
  const auto total = [](B even, B odd) {
    C lane[kLanes];
    (even + odd).store(lane);
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
  };
  B even = B::all(0);
  B odd = B::all(0);
  std::size_t j = 0;
  while (j + 2 * kLanes <= cols) {
    const std::size_t end = cols - j < stretch ? cols : j + stretch;
    for (; j + 2 * kLanes <= end; j += 2 * kLanes) {
      even = even + term(load(a + j), load(b + j));
      odd = odd + term(load(a + j + kLanes), load(b + j + kLanes));
    }
    if (const C so_far = total(even, odd); so_far > enough) return so_far;
  }
  for (; j < cols; j += kLanes) {
    const std::size_t n = cols - j < kLanes ? cols - j : kLanes;
    even = even + term(load_first(a + j, n, 0), load_first(b + j, n, 0));
  }
  return total(even, odd);
}
