// The kernels for processors with AVX-512 F, BW, DQ and VL.
#define CUPEL_ISA avx512
#define CUPEL_ISA_AVX512
#include "kernels/kernels.inl"
