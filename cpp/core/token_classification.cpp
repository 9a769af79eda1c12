#include "cupel/token_classification.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"
#include "core/scalar.hpp"

namespace cupel {
namespace {

constexpr std::size_t kSentencesPerBlock = 1024;

template <typename T>
double lowest_of(std::span<const T> scores) {
  double lowest = std::numeric_limits<double>::infinity();
  for (const T& score : scores) lowest = std::min(lowest, static_cast<double>(to_compute(score)));
  return lowest;
}

// Weights are taken relative to the lowest score's, so that they neither overflow nor all vanish.
template <typename T>
double weighted_mean(std::span<const T> scores, double temperature) {
  const double lowest = lowest_of(scores);
  double total = 0.0;
  double weights = 0.0;
  for (const T& stored : scores) {
    const auto score = static_cast<double>(to_compute(stored));
    const double weight = std::exp((lowest - score) / temperature);
    total += weight * score;
    weights += weight;
  }
  return total / weights;
}

template <typename T>
std::span<const T> tokens_of(std::span<const T> scores, std::span<const std::int64_t> offsets,
                             std::size_t sentence) {
  const std::int64_t begin = offsets[sentence];
  const std::int64_t end = offsets[sentence + 1];
  if (begin < 0 || end <= begin || static_cast<std::uint64_t>(end) > scores.size())
    throw std::invalid_argument("sentence " + std::to_string(sentence) + " has no tokens");
  return scores.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

Half stored_as(double value, Half) { return float_to_half(static_cast<float>(value)); }
float stored_as(double value, float) { return static_cast<float>(value); }
double stored_as(double value, double) { return value; }

}  // namespace

template <typename T>
void sentence_scores(std::span<const T> scores, std::span<const std::int64_t> offsets,
                     double temperature, const Execution& execution, std::span<T> out) {
  const std::size_t blocks = (out.size() + kSentencesPerBlock - 1) / kSentencesPerBlock;
  const std::size_t workers = worker_count(execution, blocks, scores.size() * sizeof(double));
  parallel_blocks(
      execution, workers, out.size(), kSentencesPerBlock,
      [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t s = begin; s < end; ++s) {
          const auto tokens = tokens_of(scores, offsets, s);
          out[s] = stored_as(
              temperature <= 0.0 ? lowest_of(tokens) : weighted_mean(tokens, temperature), T{});
        }
      });
}

#define CUPEL_INSTANTIATE(T)                                                               \
  template void sentence_scores(std::span<const T>, std::span<const std::int64_t>, double, \
                                const Execution&, std::span<T>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
