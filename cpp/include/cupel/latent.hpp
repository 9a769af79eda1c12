// Algebra on class-by-class matrices: calibration, the joint, noise matrices, prune counts.
//
// All matrices are row-major, classes x classes. O(classes^2) unless said otherwise, serial, pure.
// Northcutt, Jiang, Chuang (2021), JAIR 70, sections 3.1 and 3.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cupel {

// A square matrix that owns its values.
template <typename T>
struct SquareMatrix {
  std::size_t size = 0;
  std::vector<T> values;

  SquareMatrix() = default;
  explicit SquareMatrix(std::size_t n) : size(n), values(n * n) {}
  T& operator()(std::size_t i, std::size_t j) { return values[i * size + j]; }
  const T& operator()(std::size_t i, std::size_t j) const { return values[i * size + j]; }
};

// Raises each diagonal entry to at least 1, as cleanlab does before calibrating.
void raise_diagonal(SquareMatrix<std::int64_t>& joint);

// Rounds to integers whose sum is the rounded sum: half to even, then the entries that rounding
// moved most are moved back by 1 (of equal ones the last go up, the first go down). True if equal
// ones had to be told apart so. Requires equal sizes, values within 2^53, and rounding to be off by
// at most one each.
bool round_preserving_sum(std::span<const double> row, std::span<std::int64_t> out);

struct CalibratedJoint {
  SquareMatrix<std::int64_t> joint;
  double total = 0.0;             // of the scaled joint, by which it is divided
  std::vector<std::size_t> tied;  // rows in which round_preserving_sum told equal entries apart
};

// Scales row a to sum to label_counts[a], then everything to their total, then rounds each row
// (eq. 3). Requires label_counts.size() == joint.size. Throws std::invalid_argument if the joint
// holds anything but numbers in [0, 2^53]. In the integer form the result takes the place of the
// argument, so pass a large joint by std::move.
CalibratedJoint calibrate_confident_joint(const SquareMatrix<double>& joint,
                                          std::span<const std::int64_t> label_counts);
CalibratedJoint calibrate_confident_joint(SquareMatrix<std::int64_t> joint,
                                          std::span<const std::int64_t> label_counts);

enum class PriorMethod : std::uint8_t { kCnt, kEqn, kMarginal, kMarginalPs };

struct LatentEstimates {
  std::vector<double> prior;            // p(true), sums to 1
  SquareMatrix<double> noise_matrix;    // [given, true] = p(given | true), columns sum to 1
  SquareMatrix<double> inverse_matrix;  // [true, given] = p(true | given), columns sum to 1
};

// Estimates from a confident joint [given, true]. `converge` alternates between the estimates until
// they agree better (15 rounds). kEqn solves a linear system, O(classes^3), and throws
// std::invalid_argument if the noise matrix is singular.
LatentEstimates estimate_latent(const SquareMatrix<double>& joint,
                                std::span<const std::int64_t> label_counts, PriorMethod method,
                                bool converge);

struct PruneOptions {
  double frac_noise = 1.0;  // share of the estimated errors to remove
  std::int64_t min_examples_per_class = 1;
  std::span<const double> num_to_remove;  // per class, or empty
};

// How many examples to remove of each pair [given, true]; the diagonal holds what stays.
// Cleanlab 2.9.0's rules, its division by the wrong totals for num_to_remove included. Arguments
// and exceptions as in calibrate_confident_joint.
SquareMatrix<std::int64_t> prune_counts(const SquareMatrix<double>& joint,
                                        std::span<const std::int64_t> label_counts,
                                        const PruneOptions& options);
SquareMatrix<std::int64_t> prune_counts(SquareMatrix<std::int64_t> joint,
                                        std::span<const std::int64_t> label_counts,
                                        const PruneOptions& options);

}  // namespace cupel
