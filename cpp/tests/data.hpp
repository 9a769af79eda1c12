// Random inputs that favour ties, edges of the number range and bad luck; the same on every
// machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/scalar.hpp"
#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  std::uint64_t bits() { return bits_(); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits_() % n); }
  double unit() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }

  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }

 private:
  std::mt19937_64 bits_;
};

// A probability: often one of nine levels, or exactly 0 or 1, or next to a tolerance.
inline double tied_probability(Random& random) {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return static_cast<double>(random.below(9)) / 8.0;
    case 3:
      return random.one_of({0.0, 1.0, -0.0});
    case 4:
      return random.one_of({1e-6, 2e-6, 0.125 + 1e-6, 0.5 - 1e-6, 1.0 - 1e-6, 5e-324, 6e-8});
    default:
      return random.unit();
  }
}

template <typename T>
T stored(double x) {
  if constexpr (sizeof(T) == sizeof(Half))
    return float_to_half(static_cast<float>(x));
  else
    return static_cast<T>(x);
}

// A matrix at any row stride. Its memory ends where its outermost rows end, so that a sanitizer
// sees every read beyond them.
template <typename T>
class Matrix {
 public:
  Matrix(std::size_t rows, std::size_t cols, std::ptrdiff_t row_stride)
      : values_(rows == 0 ? 0 : distance(row_stride) * (rows - 1) + cols),
        rows_(rows),
        cols_(cols),
        stride_(row_stride) {}
  Matrix(std::size_t rows, std::size_t cols)
      : Matrix(rows, cols, static_cast<std::ptrdiff_t>(cols)) {}

  [[nodiscard]] MatrixView<T> view() const {
    const std::size_t first = stride_ < 0 && rows_ > 0 ? distance(stride_) * (rows_ - 1) : 0;
    return {values_.data() + first, rows_, cols_, stride_};
  }
  T& operator()(std::size_t i, std::size_t j) {
    return values_[static_cast<std::size_t>(view().row(i) - values_.data()) + j];
  }
  template <typename Draw>
  void fill(const Draw& draw) {
    for (std::size_t i = 0; i < rows_; ++i)
      for (std::size_t j = 0; j < cols_; ++j) (*this)(i, j) = stored<T>(draw());
  }

 private:
  static std::size_t distance(std::ptrdiff_t stride) {
    return static_cast<std::size_t>(stride < 0 ? -stride : stride);
  }

  std::vector<T> values_;
  std::size_t rows_, cols_;
  std::ptrdiff_t stride_;
};

// Labels in [0, classes), some classes much more frequent than others and some absent.
inline std::vector<std::int64_t> random_labels(Random& random, std::size_t n, std::size_t classes) {
  const std::size_t favoured = random.below(classes);
  const std::size_t used = 1 + random.below(classes);
  std::vector<std::int64_t> labels(n);
  for (std::int64_t& label : labels)
    label = static_cast<std::int64_t>(random.chance(0.4) ? favoured : random.below(used));
  return labels;
}

inline LabelsView view_of(const std::vector<std::int64_t>& labels) {
  return {labels.data(), labels.size(), IntegerType::kInt64};
}

// Runs f(name) once with every instruction set of this machine in use, the baseline first.
template <typename F>
void for_each_isa(const F& f) {
  const std::string before = active_isa();
  const std::vector<std::string> names = available_isas();
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    select_isa(*name);
    f(*name);
  }
  select_isa(before);
}

inline Execution with_threads(std::size_t threads) { return {threads, {}}; }

}  // namespace cupel::test
