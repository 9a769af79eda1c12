// The kernels for any processor of the platform (SSE2 on x86-64, NEON on aarch64).
#define CUPEL_ISA baseline
#include "kernels/kernels.inl"
