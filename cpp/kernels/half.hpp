// float16 <-> float32 in integer arithmetic, for places without a conversion instruction.
#pragma once

#include <cstdint>
#include <cstring>

#include "cupel/views.hpp"

namespace cupel {
namespace {

inline float half_to_float(Half h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h.bits & 0x8000u) << 16;
  std::uint32_t magnitude = h.bits & 0x7fffu;
  std::uint32_t bits = 0;
  if (magnitude >= 0x7c00u) {  // infinity, or a nan made quiet
    bits = 0x7f800000u | (magnitude & 0x3ffu) << 13 | ((magnitude & 0x3ffu) != 0 ? 0x400000u : 0u);
  } else if (magnitude >= 0x400u) {
    bits = (magnitude << 13) + 0x38000000u;
  } else {  // zero or subnormal: exact as a product
    const float value = static_cast<float>(magnitude) * 5.9604644775390625e-8f;  // 2^-24
    std::memcpy(&bits, &value, sizeof bits);
  }
  bits |= sign;
  float out = 0.0f;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

// Rounds to nearest, ties to even; overflows to infinity.
inline Half float_to_half(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | (magnitude >> 13 & 0x1ffu);
  } else if (magnitude >= 0x477ff000u) {  // 65520 and above
    half = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // normal: 2^-14 and above
    const std::uint32_t rebased = magnitude - 0x38000000u;
    half = (rebased + 0xfffu + (rebased >> 13 & 1u)) >> 13;
  } else {  // subnormal: let a float addition round at the 2^-24 place
    float value = 0.0f;
    std::memcpy(&value, &magnitude, sizeof value);
    value += 0.5f;
    std::memcpy(&half, &value, sizeof half);
    half -= 0x3f000000u;
  }
  return {static_cast<std::uint16_t>(sign | half)};
}

}  // namespace
}  // namespace cupel
