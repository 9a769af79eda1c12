// A few directions in which the points vary most: a lower bound for distances at a fraction of the
// price.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/neighbors/packed_rows.hpp"

namespace cupel {

// Orthonormal directions, up to rounding, by decreasing spread of the points, up to convergence.
// Neither is relied on: only how good the bound is depends on them.
class Projection {
 public:
  // At most `most` directions, from a sample of `rows`. O(sample cols most).
  template <typename T>
  Projection(const Points<T>& points, std::span<const std::uint32_t> rows, const Frame& frame,
             std::size_t most);

  [[nodiscard]] std::size_t directions() const { return directions_; }

  // How many directions make the search of all pairs cheapest, or 0 if comparing whole rows is.
  // `half_squared(i)`: an upper bound for the half squared distance to the farthest neighbour that
  // row i of `rows` looks for, of packed points.
  template <typename T>
  [[nodiscard]] std::size_t cheapest(
      const Points<T>& points, std::span<const std::uint32_t> rows, const Frame& frame,
      const std::function<double(std::size_t i)>& half_squared) const;

  // The points' coordinates in the first `count` directions.
  template <typename T>
  [[nodiscard]] PackedRows pack(const Points<T>& points, std::span<const std::uint32_t> rows,
                                const Frame& frame, std::size_t count,
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
  void orthonormalize();
  [[nodiscard]] std::size_t padded() const;

  std::size_t depth_;
  std::size_t directions_;
  std::vector<float> basis_;  // depth x padded directions
};

}  // namespace cupel
