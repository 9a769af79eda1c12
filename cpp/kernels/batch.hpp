// Eight numbers at a time: the few vector operations the kernels are written with.
//
// Included only by kernels.inl, inside the unnamed namespace of an instruction set. A batch has
// eight lanes on every instruction set, and sums over lanes follow one tree, so results do not
// depend on the register width. Masks are the low eight bits of an unsigned.

#if defined(CUPEL_ISA_AVX512)

template <typename T>
struct Batch;

template <>
struct Batch<double> {
  __m512d v;
  static Batch all(double x) { return {_mm512_set1_pd(x)}; }
  static Batch load(const double* p) { return {_mm512_loadu_pd(p)}; }
  static Batch load_first(const double* p, std::size_t n, double fill) {
    return {_mm512_mask_loadu_pd(_mm512_set1_pd(fill), static_cast<__mmask8>((1u << n) - 1), p)};
  }
  void store(double* p) const { _mm512_storeu_pd(p, v); }
};
template <>
struct Batch<float> {
  __m256 v;
  static Batch all(float x) { return {_mm256_set1_ps(x)}; }
  static Batch load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Batch load_first(const float* p, std::size_t n, float fill) {
    return {_mm256_mask_loadu_ps(_mm256_set1_ps(fill), static_cast<__mmask8>((1u << n) - 1), p)};
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};

inline Batch<double> operator+(Batch<double> a, Batch<double> b) {
  return {_mm512_add_pd(a.v, b.v)};
}
inline Batch<double> operator-(Batch<double> a, Batch<double> b) {
  return {_mm512_sub_pd(a.v, b.v)};
}
inline Batch<double> operator*(Batch<double> a, Batch<double> b) {
  return {_mm512_mul_pd(a.v, b.v)};
}
inline Batch<double> operator/(Batch<double> a, Batch<double> b) {
  return {_mm512_div_pd(a.v, b.v)};
}
inline Batch<double> max(Batch<double> a, Batch<double> b) { return {_mm512_max_pd(a.v, b.v)}; }
inline unsigned ge(Batch<double> a, Batch<double> b) {
  return _mm512_cmp_pd_mask(a.v, b.v, _CMP_GE_OQ);
}
inline unsigned gt(Batch<double> a, Batch<double> b) {
  return _mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ);
}
inline unsigned eq(Batch<double> a, Batch<double> b) {
  return _mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ);
}
inline Batch<double> select(unsigned mask, Batch<double> a, Batch<double> b) {
  return {_mm512_mask_blend_pd(static_cast<__mmask8>(mask), b.v, a.v)};
}
inline Batch<float> select(unsigned mask, Batch<float> a, Batch<float> b) {
  return {_mm256_mask_blend_ps(static_cast<__mmask8>(mask), b.v, a.v)};
}
inline unsigned ge(Batch<float> a, Batch<float> b) {
  return _mm256_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ);
}
inline unsigned gt(Batch<float> a, Batch<float> b) {
  return _mm256_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ);
}
inline unsigned eq(Batch<float> a, Batch<float> b) {
  return _mm256_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ);
}

inline Batch<double> widen(Batch<float> a) { return {_mm512_cvtps_pd(a.v)}; }

// Biased exponent of a / sqrt(1/2) as a double, and a scaled by it into [sqrt(1/2), sqrt(2)).
inline void split_exponent(Batch<double> a, Batch<double>& exponent, Batch<double>& mantissa) {
  const __m512i bits = _mm512_castpd_si512(a.v);
  const __m512i root = _mm512_set1_epi64(0x3fe6a09e667f3bcd);
  const __m512i shifted =
      _mm512_add_epi64(bits, _mm512_set1_epi64(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
  const __m512i magic = _mm512_set1_epi64(0x4330000000000000);
  exponent.v =
      _mm512_sub_pd(_mm512_castsi512_pd(_mm512_or_si512(_mm512_srli_epi64(shifted, 52), magic)),
                    _mm512_set1_pd(4503599627370496.0 + 1023.0));
  mantissa.v = _mm512_castsi512_pd(
      _mm512_add_epi64(_mm512_and_si512(shifted, _mm512_set1_epi64(0x000fffffffffffff)), root));
}

// 2^n for whole n in [-1022, 1023].
inline Batch<double> power_of_two(Batch<double> n) {
  const __m512d biased = _mm512_add_pd(n.v, _mm512_set1_pd(4503599627370496.0 + 1023.0));
  return {_mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(biased), 52))};
}

#elif defined(CUPEL_ISA_AVX2)

template <typename T>
struct Batch;

// The first n of eight lanes, as all-ones integers.
inline __m256i first_lanes(std::size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

template <>
struct Batch<double> {
  __m256d lo, hi;
  static Batch all(double x) { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
  static Batch load(const double* p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
  static Batch load_first(const double* p, std::size_t n, double fill) {
    const __m256i mask = first_lanes(n);
    const __m256i mlo = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(mask));
    const __m256i mhi = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(mask, 1));
    const __m256d f = _mm256_set1_pd(fill);
    return {_mm256_blendv_pd(f, _mm256_maskload_pd(p, mlo), _mm256_castsi256_pd(mlo)),
            _mm256_blendv_pd(f, _mm256_maskload_pd(p + 4, mhi), _mm256_castsi256_pd(mhi))};
  }
  void store(double* p) const {
    _mm256_storeu_pd(p, lo);
    _mm256_storeu_pd(p + 4, hi);
  }
};
template <>
struct Batch<float> {
  __m256 v;
  static Batch all(float x) { return {_mm256_set1_ps(x)}; }
  static Batch load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Batch load_first(const float* p, std::size_t n, float fill) {
    const __m256i mask = first_lanes(n);
    return {_mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask),
                             _mm256_castsi256_ps(mask))};
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};

inline Batch<double> operator+(Batch<double> a, Batch<double> b) {
  return {_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)};
}
inline Batch<double> operator-(Batch<double> a, Batch<double> b) {
  return {_mm256_sub_pd(a.lo, b.lo), _mm256_sub_pd(a.hi, b.hi)};
}
inline Batch<double> operator*(Batch<double> a, Batch<double> b) {
  return {_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi)};
}
inline Batch<double> operator/(Batch<double> a, Batch<double> b) {
  return {_mm256_div_pd(a.lo, b.lo), _mm256_div_pd(a.hi, b.hi)};
}
inline Batch<double> max(Batch<double> a, Batch<double> b) {
  return {_mm256_max_pd(a.lo, b.lo), _mm256_max_pd(a.hi, b.hi)};
}
template <int Predicate>
inline unsigned compare(Batch<double> a, Batch<double> b) {
  return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a.lo, b.lo, Predicate))) |
         static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a.hi, b.hi, Predicate))) << 4;
}
template <int Predicate>
inline unsigned compare(Batch<float> a, Batch<float> b) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, Predicate)));
}
inline unsigned ge(Batch<double> a, Batch<double> b) { return compare<_CMP_GE_OQ>(a, b); }
inline unsigned gt(Batch<double> a, Batch<double> b) { return compare<_CMP_GT_OQ>(a, b); }
inline unsigned eq(Batch<double> a, Batch<double> b) { return compare<_CMP_EQ_OQ>(a, b); }
inline unsigned ge(Batch<float> a, Batch<float> b) { return compare<_CMP_GE_OQ>(a, b); }
inline unsigned gt(Batch<float> a, Batch<float> b) { return compare<_CMP_GT_OQ>(a, b); }
inline unsigned eq(Batch<float> a, Batch<float> b) { return compare<_CMP_EQ_OQ>(a, b); }

inline __m256i spread(unsigned mask) {  // bit l -> lane l, all ones
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(mask)), bit), bit);
}
inline Batch<float> select(unsigned mask, Batch<float> a, Batch<float> b) {
  return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(spread(mask)))};
}
inline Batch<double> select(unsigned mask, Batch<double> a, Batch<double> b) {
  const __m256i lanes = spread(mask);
  const __m256i lo = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
  const __m256i hi = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1));
  return {_mm256_blendv_pd(b.lo, a.lo, _mm256_castsi256_pd(lo)),
          _mm256_blendv_pd(b.hi, a.hi, _mm256_castsi256_pd(hi))};
}

inline Batch<double> widen(Batch<float> a) {
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(a.v)),
          _mm256_cvtps_pd(_mm256_extractf128_ps(a.v, 1))};
}

inline void split_exponent_half(__m256d a, __m256d& exponent, __m256d& mantissa) {
  const __m256i bits = _mm256_castpd_si256(a);
  const __m256i root = _mm256_set1_epi64x(0x3fe6a09e667f3bcd);
  const __m256i shifted =
      _mm256_add_epi64(bits, _mm256_set1_epi64x(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
  const __m256i magic = _mm256_set1_epi64x(0x4330000000000000);
  exponent =
      _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(shifted, 52), magic)),
                    _mm256_set1_pd(4503599627370496.0 + 1023.0));
  mantissa = _mm256_castsi256_pd(
      _mm256_add_epi64(_mm256_and_si256(shifted, _mm256_set1_epi64x(0x000fffffffffffff)), root));
}
// Biased exponent of a / sqrt(1/2) as a double, and a scaled by it into [sqrt(1/2), sqrt(2)).
inline void split_exponent(Batch<double> a, Batch<double>& exponent, Batch<double>& mantissa) {
  split_exponent_half(a.lo, exponent.lo, mantissa.lo);
  split_exponent_half(a.hi, exponent.hi, mantissa.hi);
}

inline __m256d power_of_two_half(__m256d n) {
  const __m256d biased = _mm256_add_pd(n, _mm256_set1_pd(4503599627370496.0 + 1023.0));
  return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(biased), 52));
}
// 2^n for whole n in [-1022, 1023].
inline Batch<double> power_of_two(Batch<double> n) {
  return {power_of_two_half(n.lo), power_of_two_half(n.hi)};
}

#else  // baseline: plain loops, which compilers turn into SSE2 or NEON

template <typename T>
struct Batch {
  T lane[kLanes];
  static Batch all(T x) {
    Batch a;
    for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] = x;
    return a;
  }
  static Batch load(const T* p) {
    Batch a;
    for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] = p[l];
    return a;
  }
  static Batch load_first(const T* p, std::size_t n, T fill) {
    Batch a;
    for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] = l < n ? p[l] : fill;
    return a;
  }
  void store(T* p) const {
    for (std::size_t l = 0; l < kLanes; ++l) p[l] = lane[l];
  }
};

template <typename T>
inline Batch<T> operator+(Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] += b.lane[l];
  return a;
}
template <typename T>
inline Batch<T> operator-(Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] -= b.lane[l];
  return a;
}
template <typename T>
inline Batch<T> operator*(Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] *= b.lane[l];
  return a;
}
template <typename T>
inline Batch<T> operator/(Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] /= b.lane[l];
  return a;
}
template <typename T>
inline Batch<T> max(Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l)
    a.lane[l] = a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l];
  return a;
}
template <typename T>
inline unsigned ge(Batch<T> a, Batch<T> b) {
  unsigned mask = 0;
  for (std::size_t l = 0; l < kLanes; ++l)
    mask |= static_cast<unsigned>(a.lane[l] >= b.lane[l]) << l;
  return mask;
}
template <typename T>
inline unsigned gt(Batch<T> a, Batch<T> b) {
  unsigned mask = 0;
  for (std::size_t l = 0; l < kLanes; ++l)
    mask |= static_cast<unsigned>(a.lane[l] > b.lane[l]) << l;
  return mask;
}
template <typename T>
inline unsigned eq(Batch<T> a, Batch<T> b) {
  unsigned mask = 0;
  for (std::size_t l = 0; l < kLanes; ++l)
    mask |= static_cast<unsigned>(a.lane[l] == b.lane[l]) << l;
  return mask;
}
template <typename T>
inline Batch<T> select(unsigned mask, Batch<T> a, Batch<T> b) {
  for (std::size_t l = 0; l < kLanes; ++l)
    a.lane[l] = (mask >> l & 1u) != 0 ? a.lane[l] : b.lane[l];
  return a;
}

inline Batch<double> widen(Batch<float> a) {
  Batch<double> b;
  for (std::size_t l = 0; l < kLanes; ++l) b.lane[l] = static_cast<double>(a.lane[l]);
  return b;
}

// Biased exponent of a / sqrt(1/2) as a double, and a scaled by it into [sqrt(1/2), sqrt(2)).
inline void split_exponent(Batch<double> a, Batch<double>& exponent, Batch<double>& mantissa) {
  for (std::size_t l = 0; l < kLanes; ++l) {
    std::uint64_t bits;
    std::memcpy(&bits, &a.lane[l], sizeof bits);
    const std::uint64_t shifted = bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    exponent.lane[l] = static_cast<double>(static_cast<std::int64_t>(shifted >> 52) - 1023);
    bits = (shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd;
    std::memcpy(&mantissa.lane[l], &bits, sizeof bits);
  }
}

// 2^n for whole n in [-1022, 1023].
inline Batch<double> power_of_two(Batch<double> n) {
  for (std::size_t l = 0; l < kLanes; ++l) {
    const double biased = n.lane[l] + (4503599627370496.0 + 1023.0);
    std::uint64_t bits;
    std::memcpy(&bits, &biased, sizeof bits);
    bits <<= 52;
    std::memcpy(&n.lane[l], &bits, sizeof bits);
  }
  return n;
}

#endif

#if defined(CUPEL_ISA_AVX512) || defined(CUPEL_ISA_AVX2)

inline Batch<float> operator+(Batch<float> a, Batch<float> b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Batch<float> operator-(Batch<float> a, Batch<float> b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Batch<float> operator*(Batch<float> a, Batch<float> b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Batch<float> operator/(Batch<float> a, Batch<float> b) { return {_mm256_div_ps(a.v, b.v)}; }
inline Batch<float> max(Batch<float> a, Batch<float> b) { return {_mm256_max_ps(a.v, b.v)}; }

// _mm_cvtsi128_si32 keeps these to F16C's documented rounding, to nearest even.
inline float to_float(Half h) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h.bits))); }
inline Half to_half(float x) {
  const __m128i bits = _mm_cvtps_ph(_mm_set_ss(x), _MM_FROUND_TO_NEAREST_INT);
  return {static_cast<std::uint16_t>(_mm_cvtsi128_si32(bits) & 0xffff)};
}
inline Batch<float> load_half(const Half* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Batch<float> round_half(Batch<float> a) {
  return {_mm256_cvtph_ps(_mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT))};
}

#else

inline float to_float(Half h) { return half_to_float(h); }
inline Half to_half(float x) { return float_to_half(x); }
inline Batch<float> load_half(const Half* p) {
  Batch<float> a;
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] = half_to_float(p[l]);
  return a;
}
inline Batch<float> round_half(Batch<float> a) {
  for (std::size_t l = 0; l < kLanes; ++l) a.lane[l] = half_to_float(float_to_half(a.lane[l]));
  return a;
}

#endif
