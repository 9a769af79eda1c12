// A few directions in which the points vary most: a lower bound for distances at a fraction of the
// price.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/neighbors/packed_rows.hpp"

namespace cupel {

inline constexpr std::size_t kObservers = 128;  // rows that tell what a projection would save

// Whether there is enough work to look for directions that save some of it.
template <typename T>
bool is_worth_projecting(const Points<T>& points, std::size_t rows) {
  return rows >= 4096 && points.cols() >= 48;
}

// That many of `rows` rows, always the same ones.
std::vector<std::uint32_t> observers_of(std::size_t rows);

// Orthonormal directions, up to rounding, by decreasing spread of the points, up to convergence.
// Neither is relied on: only how good the bound is depends on them.
class Projection {
 public:
  // Up to 192 directions, from a sample of `rows`. O(cols).
  template <typename T>
  Projection(const Points<T>& points, std::span<const std::uint32_t> rows, const Frame& frame);

  // How many directions make the search of all pairs cheapest, or 0 if comparing whole rows is: by
  // the pairs of some observers (positions in `rows`), each with the half squared distance to the
  // farthest neighbour that it looks for, of packed points.
  template <typename T>
  [[nodiscard]] std::size_t cheapest(const Points<T>& points, std::span<const std::uint32_t> rows,
                                     const Frame& frame, std::span<const std::uint32_t> observers,
                                     std::span<const double> half_squared) const;

  // The points' coordinates in the first `count` directions. `norms2` gets upper bounds for their
  // squared norms in the frame, in all directions, which Bound asks for.
  template <typename T>
  [[nodiscard]] PackedRows pack(const Points<T>& points, std::span<const std::uint32_t> rows,
                                const Frame& frame, std::size_t count, std::vector<float>& norms2,
                                const Execution& execution) const;

  // Two packed points with half squared distance h, one of them of squared norm `norm2`: the upper
  // bound for half the squared distance of their first `count` projected coordinates, with what
  // rounding adds.
  class Bound {
   public:
    Bound(const Projection& projection, std::size_t count);
    [[nodiscard]] double operator()(double norm2, double half_squared) const;

   private:
    double stretch_;
    double error_;
  };

 private:
  void orthonormalize(int passes);
  [[nodiscard]] std::size_t padded() const;
  [[nodiscard]] std::vector<float> project_all(const std::vector<float>& rows, std::size_t n) const;
  [[nodiscard]] std::vector<std::size_t> count_near(const std::vector<float>& projected,
                                                    std::size_t n,
                                                    std::span<const double> half_squared) const;

  std::size_t depth_;
  std::size_t directions_;
  std::vector<float> basis_;  // depth x padded directions
};

}  // namespace cupel
