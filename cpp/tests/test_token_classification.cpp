// Scores of sentences against plain loops over their tokens.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "core/scalar.hpp"
#include "cupel/token_classification.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

template <typename T>
double expected_score(const std::vector<T>& scores, std::size_t begin, std::size_t end,
                      double temperature) {
  double total = 0.0;
  double weights = 0.0;
  double lowest = kForever;
  for (std::size_t i = begin; i < end; ++i) {
    const auto score = static_cast<double>(to_compute(scores[i]));
    const double weight = std::exp(-score / temperature);
    total += score * weight;
    weights += weight;
    lowest = std::min(lowest, score);
  }
  return temperature <= 0.0 ? lowest : total / weights;
}

template <typename T>
void check_scores(std::uint64_t seed, double tolerance) {
  Random random(seed);
  std::vector<std::int64_t> offsets{0};
  std::vector<T> scores;
  for (std::size_t sentence = 0; sentence < 5'000;
       ++sentence) {  // more than a thread takes at once
    for (std::size_t left = 1 + random.below(7); left > 0; --left)
      scores.push_back(stored<T>(tied_probability(random)));
    offsets.push_back(static_cast<std::int64_t>(scores.size()));
  }
  for (const double temperature : {0.05, 1.0, kForever, 0.0, -1.0}) {
    std::vector<T> once(offsets.size() - 1);
    std::vector<T> again(once.size());
    sentence_scores<T>(scores, offsets, temperature, with_threads(1), once);
    sentence_scores<T>(scores, offsets, temperature, with_threads(3), again);
    for (std::size_t s = 0; s < once.size(); ++s) {
      const auto score = static_cast<double>(to_compute(once[s]));
      CHECK(score == static_cast<double>(to_compute(again[s])), temperature, s);
      const double expected = expected_score(scores, static_cast<std::size_t>(offsets[s]),
                                             static_cast<std::size_t>(offsets[s + 1]), temperature);
      CHECK(std::abs(score - expected) <= tolerance, temperature, s, score, expected);
    }
  }
}

CUPEL_TEST(sentence_scores_are_those_of_plain_loops) {
  check_scores<Half>(1, 1e-3);
  check_scores<float>(2, 1e-7);
  check_scores<double>(3, 1e-14);
}

CUPEL_TEST(sentence_scores_do_not_overflow) {
  const std::vector<double> scores{1e3, 1e3 + 1.0, -1e3};
  std::vector<double> out(2);
  sentence_scores<double>(scores, std::vector<std::int64_t>{0, 2, 3}, 1e-4, with_threads(1), out);
  CHECK(out[0] == 1e3 && out[1] == -1e3, out[0], out[1]);
}

CUPEL_TEST(sentence_scores_refuse_sentences_without_tokens_or_outside) {
  const std::vector<double> scores(5, 0.5);
  std::vector<double> out(2);
  for (const std::vector<std::int64_t>& offsets : std::vector<std::vector<std::int64_t>>{
           {0, 0, 5}, {0, 3, 2}, {-1, 3, 5}, {0, 3, 6}, {7, 8, 9}})
    CHECK(throws<std::invalid_argument>(
              [&] { sentence_scores<double>(scores, offsets, 0.05, with_threads(1), out); }),
          offsets[0], offsets[1], offsets[2]);
}

}  // namespace
}  // namespace cupel::test
