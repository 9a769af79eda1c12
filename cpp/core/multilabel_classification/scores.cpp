#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "core/block_scorer.hpp"
#include "core/blocks.hpp"
#include "core/multilabel_classification/answers.hpp"
#include "core/multilabel_classification/exponential.hpp"
#include "cupel/multilabel_classification.hpp"

namespace cupel {
namespace {

using Given = std::span<const std::uint8_t>;

constexpr std::size_t kFewestRows = 16;  // at once: enough for vectors
constexpr std::size_t kMostRows = 256;
constexpr std::size_t kTileCells = 4096;  // 32 KiB

// Scores of some rows, a class's side by side: tile[c * stride + r].
struct Tile {
  double* values;
  std::size_t stride;
  std::size_t rows;
  std::size_t cols;

  [[nodiscard]] double* of_class(std::size_t c) const { return values + c * stride; }
};

// Calls body(tile, begin) for all rows, a few at a time; the tile's values are to be written first.
template <typename Body>
void for_each_tile(std::size_t rows, std::size_t cols, const Execution& execution,
                   const Body& body) {
  const std::size_t at_once = std::clamp<std::size_t>(kTileCells / cols / kFewestRows * kFewestRows,
                                                      kFewestRows, kMostRows);
  const std::size_t blocks = (rows + at_once - 1) / at_once;
  const std::size_t workers = worker_count(execution, blocks, rows * cols * sizeof(double));
  std::vector<std::vector<double>> room(workers);
  for (std::vector<double>& values : room) values.resize(at_once * cols);
  parallel_blocks(execution, workers, rows, at_once,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    body(Tile{room[worker].data(), at_once, end - begin, cols}, begin);
                  });
}

template <typename A>
AnswerShift<A> shift_of(const AnswerCounts& counts, std::size_t c) {
  const double no = counts.thresholds[2 * c];
  const double yes = counts.thresholds[2 * c + 1];
  return {{static_cast<A>(no), static_cast<A>(yes)}, static_cast<A>(std::max(no, yes))};
}

// Fills tiles with the scores of the answers given. Calls are const and may run concurrently.
template <typename T>
class AnswerScorer {
 public:
  AnswerScorer(MatrixView<T> probs, Given given, const AnswerScoring& scoring)
      : probs_(probs), given_(given), scoring_(scoring), entropy_(kEntropy, nullptr) {}

  void fill(const Tile& tile, std::size_t begin) const {
    if (scoring_.method == kEntropy) return fill_entropies(tile, begin);
    if (scoring_.method == ScoreMethod::kNormalizedMargin)
      fill_by(tile, begin,
              [](const auto& a, std::size_t given) { return a.normalized_margin(given); });
    else
      fill_by(tile, begin, [](const auto& a, std::size_t given) { return a.of(given); });
  }

  // Whether a score depends on its cell alone.
  [[nodiscard]] bool by_cell() const {
    return scoring_.method != kEntropy && scoring_.adjust == nullptr;
  }

  // Writes the scores of row i, side by side. Requires by_cell().
  void score_row(std::size_t i, double* out) const {
    const T* row = probs_.row(i);
    const std::uint8_t* given = given_.data() + i * probs_.cols;
    const bool margin = scoring_.method == ScoreMethod::kNormalizedMargin;
    for (std::size_t c = 0; c < probs_.cols; ++c) {
      const Answers<T> a(row[c]);
      const std::size_t answer = given[c] != 0 ? 1 : 0;
      out[c] = static_cast<double>(margin ? a.normalized_margin(answer) : a.of(answer));
    }
  }

 private:
  static constexpr ScoreMethod kEntropy = ScoreMethod::kConfidenceWeightedEntropy;

  template <typename Score>
  void fill_by(const Tile& tile, std::size_t begin, const Score& score) const {
    if (scoring_.adjust == nullptr) {
      for (std::size_t r = 0; r < tile.rows; ++r)
        for (std::size_t c = 0; c < tile.cols; ++c)
          tile.of_class(c)[r] = static_cast<double>(
              score(Answers<T>(probs_.row(begin + r)[c]), answer(tile, begin + r, c)));
      return;
    }
    for (std::size_t c = 0; c < tile.cols; ++c) {
      if (scoring_.adjust->of_matrix_type[c] != 0)
        fill_adjusted<Compute<T>>(tile, begin, c, score);
      else
        fill_adjusted<double>(tile, begin, c, score);
    }
  }

  template <typename A, typename Score>
  void fill_adjusted(const Tile& tile, std::size_t begin, std::size_t c, const Score& score) const {
    const AnswerShift<A> shift = shift_of<A>(*scoring_.adjust, c);
    for (std::size_t r = 0; r < tile.rows; ++r) {
      Answers<T, A> answers(probs_.row(begin + r)[c]);
      answers.adjust(shift);
      tile.of_class(c)[r] = static_cast<double>(score(answers, answer(tile, begin + r, c)));
    }
  }

  // By the kernel, on the two columns of each class.
  void fill_entropies(const Tile& tile, std::size_t begin) const {
    const MatrixView<T> rows = rows_of(probs_, begin, begin + tile.rows);
    const std::size_t bad = kernels_of<T>().first_invalid_row(rows, entropy_.tolerance());
    if (bad < rows.rows) throw_invalid_row(rows, bad, begin, entropy_.tolerance());
    std::array<T, 2 * kMostRows> columns;
    std::array<std::int64_t, kMostRows> labels;
    for (std::size_t c = 0; c < tile.cols; ++c) {
      for (std::size_t r = 0; r < tile.rows; ++r) {
        const T yes = rows.row(r)[c];
        columns[2 * r] = no_of(yes);
        columns[2 * r + 1] = yes;
        labels[r] = static_cast<std::int64_t>(answer(tile, begin + r, c));
      }
      entropy_.score({{columns.data(), tile.rows, 2, 2}, labels.data()}, tile.of_class(c));
    }
  }

  [[nodiscard]] std::size_t answer(const Tile& tile, std::size_t row, std::size_t c) const {
    return given_[row * tile.cols + c] != 0 ? 1 : 0;
  }

  static T no_of(T yes) {
    if constexpr (sizeof(T) == sizeof(Half))
      return float_to_half(1.0f - half_to_float(yes));
    else
      return T(1) - yes;
  }

  MatrixView<T> probs_;
  Given given_;
  AnswerScoring scoring_;
  BlockScorer<T, double> entropy_;
};

// Sorts the classes of each row, lowest first, all rows of the tile side by side: Batcher's merge
// exchange (Knuth, vol. 3, algorithm 5.2.2M).
void sort_rows(const Tile& tile) {
  const auto exchange = [&](double* low, double* high) {
    for (std::size_t r = 0; r < tile.rows; ++r) {
      const double a = low[r];
      const double b = high[r];
      const double least = b < a ? b : a;  // in this form compilers vectorise it
      const double most = a < b ? b : a;
      low[r] = least;
      high[r] = most;
    }
  };
  const std::size_t n = tile.cols;
  if (n < 2) return;
  const std::size_t top = std::bit_ceil(n) / 2;
  for (std::size_t p = top; p > 0; p /= 2) {
    std::size_t remainder = 0;
    std::size_t distance = p;
    for (std::size_t q = top;; q /= 2) {
      for (std::size_t c = 0; c + distance < n; ++c)
        if ((c & p) == remainder) exchange(tile.of_class(c), tile.of_class(c + distance));
      if (q == p) break;
      distance = q - p;
      remainder = p;
    }
  }
}

void moving_average(const Tile& tile, double alpha, double* out) {
  sort_rows(tile);
  const double* best = tile.of_class(tile.cols - 1);
  std::copy(best, best + tile.rows, out);
  for (std::size_t c = tile.cols - 1; c-- > 0;) {
    const double* scores = tile.of_class(c);
    for (std::size_t r = 0; r < tile.rows; ++r) out[r] = alpha * scores[r] + (1.0 - alpha) * out[r];
  }
}

void softmin(const Tile& tile, double temperature, double* out) {
  std::array<double, kMostRows> lowest;
  std::array<double, kMostRows> total{};
  std::copy(tile.values, tile.values + tile.rows, lowest.data());
  for (std::size_t c = 1; c < tile.cols; ++c) {
    const double* scores = tile.of_class(c);
    for (std::size_t r = 0; r < tile.rows; ++r)
      lowest[r] = scores[r] < lowest[r] ? scores[r] : lowest[r];  // vectorises, as above
  }
  std::fill(out, out + tile.rows, 0.0);
  const double factor = 1.0 / temperature;
  for (std::size_t c = 0; c < tile.cols; ++c) {
    const double* scores = tile.of_class(c);
    for (std::size_t r = 0; r < tile.rows; ++r) {
      const double weight = exp_of((lowest[r] - scores[r]) * factor);
      out[r] += weight * scores[r];
      total[r] += weight;
    }
  }
  for (std::size_t r = 0; r < tile.rows; ++r) out[r] /= total[r];
}

void aggregate(const Tile& tile, const Aggregator& aggregator, double* out) {
  if (aggregator.kind == Aggregation::kMovingAverage)
    moving_average(tile, aggregator.parameter, out);
  else
    softmin(tile, aggregator.parameter, out);
}

}  // namespace

template <typename T>
void answer_scores(MatrixView<T> probs, Given given, const AnswerScoring& scoring,
                   const Execution& execution, std::span<double> out) {
  const AnswerScorer<T> scorer(probs, given, scoring);
  if (scorer.by_cell()) {
    const RowPass pass(execution, probs.rows, probs.cols * sizeof(T),
                       probs.cols * (sizeof(T) + sizeof(double)));
    parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      for (std::size_t i = begin; i < end; ++i)
                        scorer.score_row(i, out.data() + i * probs.cols);
                    });
    return;
  }
  for_each_tile(probs.rows, probs.cols, execution, [&](const Tile& tile, std::size_t begin) {
    scorer.fill(tile, begin);
    double* to = out.data() + begin * tile.cols;
    for (std::size_t r = 0; r < tile.rows; ++r)
      for (std::size_t c = 0; c < tile.cols; ++c) *to++ = tile.of_class(c)[r];
  });
}

template <typename T>
void multilabel_scores(MatrixView<T> probs, Given given, const AnswerScoring& scoring,
                       const Aggregator& aggregator, const Execution& execution,
                       std::span<double> out) {
  const AnswerScorer<T> scorer(probs, given, scoring);
  for_each_tile(probs.rows, probs.cols, execution, [&](const Tile& tile, std::size_t begin) {
    scorer.fill(tile, begin);
    aggregate(tile, aggregator, out.data() + begin);
  });
}

void aggregate_scores(MatrixView<double> scores, const Aggregator& aggregator,
                      const Execution& execution, std::span<double> out) {
  for_each_tile(scores.rows, scores.cols, execution, [&](const Tile& tile, std::size_t begin) {
    for (std::size_t r = 0; r < tile.rows; ++r)
      for (std::size_t c = 0; c < tile.cols; ++c) tile.of_class(c)[r] = scores.row(begin + r)[c];
    aggregate(tile, aggregator, out.data() + begin);
  });
}

#define CUPEL_INSTANTIATE(T)                                                                     \
  template void answer_scores(MatrixView<T>, Given, const AnswerScoring&, const Execution&,      \
                              std::span<double>);                                                \
  template void multilabel_scores(MatrixView<T>, Given, const AnswerScoring&, const Aggregator&, \
                                  const Execution&, std::span<double>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
