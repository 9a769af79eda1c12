// Scores of sentences from the scores of their tokens, which lie one after another.
#pragma once

#include <cstdint>
#include <span>

#include "cupel/execution.hpp"
#include "cupel/views.hpp"

namespace cupel {

// out[s] = the score of sentence s, whose tokens are scores[offsets[s] .. offsets[s + 1]): their
// mean with weights exp(-score / temperature), so that low scores count most; at a temperature of 0
// or less their minimum, at an infinite one their plain mean. Computed in double, rounded to T,
// which is Half, float or double; nan if a token's score is nan and the temperature is above 0.
//
// Requires offsets.size() == out.size() + 1. Throws std::invalid_argument if a sentence has no
// token or lies outside of the scores. O(tokens), threaded by sentences, no memory. Thread-safe; no
// other thread may write to the offsets.
template <typename T>
void sentence_scores(std::span<const T> scores, std::span<const std::int64_t> offsets,
                     double temperature, const Execution& execution, std::span<T> out);

}  // namespace cupel
