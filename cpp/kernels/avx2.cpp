// The kernels for processors with AVX2, FMA and F16C.
#define CUPEL_ISA avx2
#define CUPEL_ISA_AVX2
#include "kernels/kernels.inl"
