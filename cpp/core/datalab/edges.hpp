// Reading the edges of a graph that another thread may write to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace cupel {

// A neighbour, which the caller copied, as a row; throws unless it is one.
inline std::size_t checked_neighbor(std::int64_t index, std::size_t row, std::size_t position,
                                    std::size_t rows) {
  if (index < 0 || static_cast<std::size_t>(index) >= rows)
    throw std::invalid_argument("knn_graph lists row " + std::to_string(index) + " as neighbour " +
                                std::to_string(position) + " of row " + std::to_string(row) +
                                ", expected a row in [0, " + std::to_string(rows) + ")");
  return static_cast<std::size_t>(index);
}

}  // namespace cupel
