// One register of floats, as wide as the instruction set has them, for the panel kernel.
//
// Included only by panels.inl, inside the unnamed namespace of an instruction set. Unlike Batch its
// width differs between instruction sets and multiply-adds may be fused, so its results may differ
// in the last bits: fit for a filter, never for a result.

#if defined(CUPEL_ISA_AVX512)

struct Lanes {
  static constexpr std::size_t kWidth = 16;
  __m512 v;
  static Lanes zero() { return {_mm512_setzero_ps()}; }
  static Lanes all(float x) { return {_mm512_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
};
inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Lanes min(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline unsigned at_least(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ); }

#elif defined(CUPEL_ISA_AVX2)

struct Lanes {
  static constexpr std::size_t kWidth = 8;
  __m256 v;
  static Lanes zero() { return {_mm256_setzero_ps()}; }
  static Lanes all(float x) { return {_mm256_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};
inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Lanes min(Lanes a, Lanes b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline unsigned at_least(Lanes a, Lanes b) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)));
}

#elif defined(__SSE2__) || defined(_M_X64)

struct Lanes {
  static constexpr std::size_t kWidth = 4;
  __m128 v;
  static Lanes zero() { return {_mm_setzero_ps()}; }
  static Lanes all(float x) { return {_mm_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm_loadu_ps(p)}; }
  void store(float* p) const { _mm_storeu_ps(p, v); }
};
inline Lanes operator+(Lanes a, Lanes b) { return {_mm_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm_sub_ps(a.v, b.v)}; }
inline Lanes min(Lanes a, Lanes b) { return {_mm_min_ps(a.v, b.v)}; }
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {_mm_add_ps(_mm_mul_ps(a.v, b.v), c.v)};
}
inline unsigned at_least(Lanes a, Lanes b) {
  return static_cast<unsigned>(_mm_movemask_ps(_mm_cmpge_ps(a.v, b.v)));
}

#else

struct Lanes {
  static constexpr std::size_t kWidth = 4;
  float v[kWidth];
  static Lanes all(float x) { return {{x, x, x, x}}; }
  static Lanes zero() { return all(0.0f); }
  static Lanes load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
  void store(float* p) const {
    for (std::size_t l = 0; l < kWidth; ++l) p[l] = v[l];
  }
};
inline Lanes operator+(Lanes a, Lanes b) {
  for (std::size_t l = 0; l < Lanes::kWidth; ++l) a.v[l] += b.v[l];
  return a;
}
inline Lanes operator-(Lanes a, Lanes b) {
  for (std::size_t l = 0; l < Lanes::kWidth; ++l) a.v[l] -= b.v[l];
  return a;
}
inline Lanes min(Lanes a, Lanes b) {
  for (std::size_t l = 0; l < Lanes::kWidth; ++l) a.v[l] = a.v[l] < b.v[l] ? a.v[l] : b.v[l];
  return a;
}
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  for (std::size_t l = 0; l < Lanes::kWidth; ++l) c.v[l] += a.v[l] * b.v[l];
  return c;
}
inline unsigned at_least(Lanes a, Lanes b) {
  unsigned mask = 0;
  for (std::size_t l = 0; l < Lanes::kWidth; ++l)
    mask |= static_cast<unsigned>(a.v[l] >= b.v[l]) << l;
  return mask;
}

#endif
