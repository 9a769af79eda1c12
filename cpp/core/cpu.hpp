// Chooses the kernel table once, at run time.
#pragma once

#include <type_traits>

#include "cupel/views.hpp"
#include "kernels/kernels.hpp"

namespace cupel {

const Kernels& active_kernels();

template <typename T>
const KernelsOf<T>& kernels_of() {
  if constexpr (std::is_same_v<T, Half>)
    return active_kernels().f16;
  else if constexpr (std::is_same_v<T, float>)
    return active_kernels().f32;
  else
    return active_kernels().f64;
}

}  // namespace cupel
