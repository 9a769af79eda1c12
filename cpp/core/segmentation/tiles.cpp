#include "core/segmentation/tiles.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

namespace cupel {
namespace {

std::string shortest(double value) {
  if (std::isnan(value)) return "nan";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

std::string row_and_col(std::size_t position, std::size_t rows, std::size_t cols) {
  return std::to_string(position / cols % rows) + ", " + std::to_string(position % cols);
}

}  // namespace

void throw_invalid_pixel_label(std::int64_t label, std::size_t position, std::size_t rows,
                               std::size_t cols, std::size_t classes) {
  throw std::invalid_argument("labels[" + std::to_string(position / cols / rows) + ", " +
                              row_and_col(position, rows, cols) + "] is " + std::to_string(label) +
                              ", expected a class in [0, " + std::to_string(classes) +
                              "), one per plane of pred_probs");
}

void throw_invalid_pixel(double value, std::size_t k, std::size_t position, std::size_t rows,
                         std::size_t cols) {
  throw std::invalid_argument("pred_probs[" + std::to_string(position / cols / rows) + ", " +
                              std::to_string(k) + ", " + row_and_col(position, rows, cols) +
                              "] is " + shortest(value) +
                              ", expected a finite probability in [0, 1]");
}

}  // namespace cupel
