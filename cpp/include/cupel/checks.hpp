// Values the core refuses, and the exceptions that say where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

// pred_probs(row, column) is nan, infinite or outside [0, 1] by more than 1e-6.
struct InvalidProbability : std::invalid_argument {
  InvalidProbability(std::size_t row, std::size_t column, double value);
  std::size_t row, column;
  double value;
};

// labels[row] is not a class in [0, classes).
struct InvalidLabel : std::invalid_argument {
  InvalidLabel(std::size_t row, std::int64_t label, std::size_t classes);
  std::size_t row;
  std::int64_t label;
  std::size_t classes;
};

// Throws InvalidProbability for the first bad value, if any. O(rows * cols), threaded.
template <typename T>
void check_probabilities(MatrixView<T> probs, const Execution& execution);

// finite[i] = 1 if row i holds neither nan nor infinity. Throws InvalidProbability if a finite row
// has a value out of range. O(rows * cols), threaded. Requires finite.size() == probs.rows.
template <typename T>
void finite_rows(MatrixView<T> probs, const Execution& execution, std::span<std::uint8_t> finite);

}  // namespace cupel
