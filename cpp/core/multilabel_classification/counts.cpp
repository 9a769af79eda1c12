#include <algorithm>
#include <array>
#include <limits>

#include "core/blocks.hpp"
#include "core/exact_sum.hpp"
#include "core/multilabel_classification/answers.hpp"
#include "core/thresholds.hpp"
#include "cupel/multilabel_classification.hpp"

namespace cupel {
namespace {

constexpr double kPredictedSlack = 1e-6;

using Given = std::span<const std::uint8_t>;

template <typename T>
RowPass pass_over(MatrixView<T> probs, const Execution& execution) {
  return {execution, probs.rows, probs.cols * sizeof(T), probs.cols * (sizeof(T) + 1)};
}

// Calls visit(cell, class, answers, given) for all cells, by rows; visitor_of(worker) gives
// `visit`. What it needs is to be held by value: a flag written may alias anything, so that what is
// held by reference would be read again for every cell.
template <typename T, typename VisitorOf>
void for_each_cell(MatrixView<T> probs, Given given, const RowPass& pass,
                   const Execution& execution, const VisitorOf& visitor_of) {
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    const auto visit = visitor_of(worker);
                    const std::size_t cols = probs.cols;
                    for (std::size_t i = begin; i < end; ++i) {
                      const T* row = probs.row(i);
                      const std::size_t first = i * cols;
                      const std::uint8_t* answers = given.data() + first;
                      for (std::size_t c = 0; c < cols; ++c)
                        visit(first + c, c, Answers<T>(row[c]), std::size_t{answers[c] != 0});
                    }
                  });
}

// The lowest probabilities of each class's answers that count as confident: no, yes.
template <typename T>
std::vector<std::array<Compute<T>, 2>> cuts_of(const AnswerCounts& counts) {
  std::vector<std::array<Compute<T>, 2>> cuts;
  for (std::size_t c = 0; c < counts.of_matrix_type.size(); ++c) {
    const auto both = std::span(counts.thresholds).subspan(2 * c, 2);
    const std::vector<Compute<T>> padded_cuts =
        confident_cuts<T>({{both.begin(), both.end()}, counts.of_matrix_type[c] != 0});
    cuts.push_back({padded_cuts[0], padded_cuts[1]});
  }
  return cuts;
}

}  // namespace

template <typename T>
AnswerCounts answer_thresholds(MatrixView<T> probs, Given given, const Execution& execution) {
  const std::size_t cells = 2 * probs.cols;
  const RowPass pass = pass_over(probs, execution);
  std::vector<std::vector<ExactSum>> sums(pass.workers, std::vector<ExactSum>(cells));
  std::vector<std::vector<std::int64_t>> counts(pass.workers, std::vector<std::int64_t>(cells));
  for_each_cell(probs, given, pass, execution, [&](std::size_t worker) {
    return [of_worker = sums[worker].data(), number = counts[worker].data()](
               std::size_t, std::size_t c, const Answers<T>& answers, std::size_t answer) {
      of_worker[2 * c + answer].add(static_cast<double>(answers.of(answer)));
      ++number[2 * c + answer];
    };
  });
  for (std::size_t w = 1; w < pass.workers; ++w)
    for (std::size_t cell = 0; cell < cells; ++cell) {
      sums[0][cell].merge(sums[w][cell]);
      counts[0][cell] += counts[w][cell];
    }
  AnswerCounts found;
  for (std::size_t c = 0; c < probs.cols; ++c) {
    const Thresholds thresholds = thresholds_of<T>(std::span(sums[0]).subspan(2 * c, 2),
                                                   std::span(counts[0]).subspan(2 * c, 2));
    found.thresholds.insert(found.thresholds.end(), thresholds.values.begin(),
                            thresholds.values.end());
    found.of_matrix_type.push_back(thresholds.of_matrix_type ? 1 : 0);
  }
  found.label_counts = std::move(counts[0]);
  return found;
}

template <typename T>
AnswerCounts count_answers(MatrixView<T> probs, Given given, const Execution& execution,
                           std::span<std::uint8_t> flags) {
  using A = Compute<T>;
  AnswerCounts found = answer_thresholds(probs, given, execution);
  const std::vector<std::array<A, 2>> cuts = cuts_of<T>(found);
  const A bonus = round_to<T>(kPredictedSlack);
  // Per class and given answer: cells counted as no, as yes, and as neither.
  constexpr std::size_t kinds = 3;
  const RowPass pass = pass_over(probs, execution);
  std::vector<std::vector<std::int64_t>> counts(pass.workers,
                                                std::vector<std::int64_t>(probs.cols * 2 * kinds));
  for_each_cell(probs, given, pass, execution, [&](std::size_t worker) {
    return [cut = cuts.data(), number = counts[worker].data(), out = flags.data(), bonus](
               std::size_t cell, std::size_t c, const Answers<T>& answers, std::size_t answer) {
      // Without branches, which would be mispredicted for one cell in several.
      const unsigned no = answers.no() >= cut[c][0];
      const unsigned yes = answers.yes() >= cut[c][1];
      const unsigned leads = answers.yes() > answers.no();
      const unsigned counted = no | yes;
      const unsigned guess = yes & ((no ^ 1u) | leads);
      ++number[(2 * c + answer) * kinds + guess + 2 * (counted ^ 1u)];
      const unsigned off = counted & (guess ^ static_cast<unsigned>(answer));
      const unsigned other = answers.predicted_other(answer, bonus);
      out[cell] = static_cast<std::uint8_t>(kFlagOffDiagonal * off + kFlagPredictedOther * other);
    };
  });
  found.joints.resize(probs.cols * 4);
  for (std::size_t c = 0; c < probs.cols; ++c)
    for (std::size_t answer = 0; answer < 2; ++answer)
      for (std::size_t guess = 0; guess < 2; ++guess) {
        std::int64_t& entry = found.joints[4 * c + 2 * answer + guess];
        for (const auto& of_worker : counts) entry += of_worker[(2 * c + answer) * kinds + guess];
        if (answer == guess) entry = std::max<std::int64_t>(entry, 1);
      }
  return found;
}

template <typename T>
void flag_other_answers(MatrixView<T> probs, Given given, double bonus, const Execution& execution,
                        std::span<std::uint8_t> flags) {
  const Compute<T> added = round_to<T>(bonus);
  for_each_cell(probs, given, pass_over(probs, execution), execution, [&](std::size_t) {
    return [out = flags.data(), added](std::size_t cell, std::size_t, const Answers<T>& answers,
                                       std::size_t answer) {
      out[cell] = answers.predicted_other(answer, added) ? 1 : 0;
    };
  });
}

void keep_flags(std::uint8_t wanted, const Execution& execution, std::span<std::uint8_t> flags) {
  constexpr std::size_t grain = std::size_t{1} << 16;
  parallel_blocks(execution, worker_count(execution, flags.size() / grain + 1, flags.size()),
                  flags.size(), grain, [&](std::size_t, std::size_t begin, std::size_t end) {
                    const std::uint8_t all = wanted;  // not reread after every flag
                    for (std::uint8_t& flag : flags.subspan(begin, end - begin))
                      flag = (flag & all) == all ? 1 : 0;
                  });
}

void any_answer(std::span<const std::uint8_t> flags, std::size_t cols, const Execution& execution,
                std::span<std::uint8_t> mask) {
  const RowPass pass(execution, mask.size(), cols, cols);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      std::uint8_t any = 0;
                      for (const std::uint8_t flag : flags.subspan(i * cols, cols)) any |= flag;
                      mask[i] = any != 0 ? 1 : 0;
                    }
                  });
}

#define CUPEL_INSTANTIATE(T)                                                       \
  template AnswerCounts answer_thresholds(MatrixView<T>, Given, const Execution&); \
  template AnswerCounts count_answers(MatrixView<T>, Given, const Execution&,      \
                                      std::span<std::uint8_t>);                    \
  template void flag_other_answers(MatrixView<T>, Given, double, const Execution&, \
                                   std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
