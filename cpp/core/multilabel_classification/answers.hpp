// The two answers to "does the class apply?", as columns of a class's binary problem would hold
// them.
#pragma once

#include <array>
#include <cstddef>

#include "core/scalar.hpp"
#include "cupel/views.hpp"

namespace cupel {

// A result of arithmetic on values of type T in A: float16 is computed in float and rounded.
template <typename T, typename A>
A rounded(A x) {
  if constexpr (sizeof(T) == sizeof(Half) && sizeof(A) == sizeof(float))
    return round_to<T>(static_cast<double>(x));
  else
    return x;
}

// The thresholds by which the answers of a class are adjusted.
template <typename A>
struct AnswerShift {
  std::array<A, 2> thresholds;
  A highest;
};

// The probabilities of no and yes, of type T, in arithmetic of A. Picked by index, as a branch
// would be mispredicted.
template <typename T, typename A = Compute<T>>
struct Answers {
  std::array<A, 2> values;

  explicit Answers(T probability)
      : values{static_cast<A>(rounded<T, Compute<T>>(Compute<T>(1) - to_compute(probability))),
               static_cast<A>(to_compute(probability))} {}

  [[nodiscard]] A no() const { return values[0]; }
  [[nodiscard]] A yes() const { return values[1]; }
  [[nodiscard]] A of(std::size_t given) const { return values[given]; }

  // p(given) - p(other)
  [[nodiscard]] A lead(std::size_t given) const {
    return rounded<T, A>(values[given] - values[1 - given]);
  }

  [[nodiscard]] A normalized_margin(std::size_t given) const {
    return rounded<T, A>(rounded<T, A>(lead(given) + A(1)) / A(2));
  }

  // Whether the argmax is the other answer although `bonus` is added to the given one.
  [[nodiscard]] bool predicted_other(std::size_t given, A bonus) const {
    const auto from_yes = static_cast<std::size_t>(no() >= rounded<T, A>(yes() + bonus));
    const auto from_no = static_cast<std::size_t>(yes() > rounded<T, A>(no() + bonus));
    return ((given & from_yes) | ((1 - given) & from_no)) != 0;
  }

  // Less the thresholds, plus the highest one, made to sum to 1 unless they are zeros.
  void adjust(const AnswerShift<A>& shift) {
    for (std::size_t a = 0; a < 2; ++a)
      values[a] = rounded<T, A>(rounded<T, A>(values[a] - shift.thresholds[a]) + shift.highest);
    const A sum = rounded<T, A>(values[0] + values[1]);
    for (A& value : values) value = rounded<T, A>(value / (sum == A(0) ? A(1) : sum));
  }
};

}  // namespace cupel
