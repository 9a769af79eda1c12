// Non-owning views over the caller's memory, and the three float types that are read in place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cupel {

// An IEEE 754 binary16 number as it lies in memory. Widened to float where it is used.
struct Half {
  std::uint16_t bits;
};

// A read-only matrix with unit column stride; rows lie `row_stride` elements apart (may be negative
// or zero). Thread-safe to read; the memory must outlive the view.
template <typename T>
struct MatrixView {
  const T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::ptrdiff_t row_stride = 0;

  [[nodiscard]] const T* row(std::size_t i) const {
    return data + static_cast<std::ptrdiff_t>(i) * row_stride;
  }
};

enum class IntegerType : std::uint8_t {
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64
};

// Given labels, contiguous, of any integer type, read where they lie. Another thread may change
// them at any time, so users copy a block with `load`, check the copy, and index with the copy.
struct LabelsView {
  const void* data = nullptr;
  std::size_t size = 0;
  IntegerType type = IntegerType::kInt64;

  // Copies labels [begin, begin + count) to `out`, widened to int64. Values above the int64 range
  // become INT64_MAX (out of range for any number of classes). Requires begin + count <= size.
  void load(std::size_t begin, std::size_t count, std::int64_t* out) const;
};

}  // namespace cupel
