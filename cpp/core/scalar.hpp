// Single values of the storage types, in the core (kernels have their own).
#pragma once

#include "kernels/half.hpp"
#include "kernels/kernels.hpp"

namespace cupel {

inline float to_compute(Half x) { return half_to_float(x); }
inline float to_compute(float x) { return x; }
inline double to_compute(double x) { return x; }

// The nearest value of storage type T, in its computing type.
template <typename T>
Compute<T> round_to(double x) {
  if constexpr (sizeof(T) == sizeof(Half))
    return half_to_float(float_to_half(static_cast<float>(x)));
  else
    return static_cast<Compute<T>>(x);
}

}  // namespace cupel
