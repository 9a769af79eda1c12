#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/multilabel_classification/answers.hpp"
#include "core/parallel.hpp"
#include "cupel/multilabel_classification.hpp"

namespace cupel {
namespace {

using Given = std::span<const std::uint8_t>;

// Bits of a flag while cells are selected; the others are count_answers'.
constexpr std::uint8_t kByNoiseRate = 4;
constexpr std::uint8_t kByClass = 8;
constexpr std::uint8_t kLowest = 4;

constexpr std::size_t kClassesAtOnce = 8;  // a cache line of doubles
constexpr std::size_t kRowsAtOnce = 256;

template <typename T>
struct Entry {
  Compute<T> key;
  std::size_t row;
};

template <typename T>
using Entries = std::vector<Entry<T>>;

// Calls body(first class, end, proceed) for groups of classes, each group on one thread. Groups
// touch no cell of another.
template <typename T, typename Body>
void for_class_groups(MatrixView<T> probs, const Execution& execution, const Body& body) {
  const std::size_t bytes = probs.rows * probs.cols * sizeof(T);
  const std::size_t workers = worker_count(execution, probs.cols, bytes);
  const std::size_t width =
      std::clamp<std::size_t>((probs.cols + workers - 1) / workers, 1, kClassesAtOnce);
  parallel_workers(execution, workers, [&](std::size_t worker, const Proceed& proceed) {
    for (std::size_t first = worker * width; first < probs.cols; first += workers * width)
      body(first, std::min(probs.cols, first + width), proceed);
  });
}

// Calls visit(row, class) for all cells of some classes. False if `proceed` ended it early.
template <typename Visit>
bool visit_cells(std::size_t rows, std::size_t first, std::size_t end, const Proceed& proceed,
                 const Visit& visit) {
  constexpr std::size_t part = std::size_t{1} << 16;
  for (std::size_t begin = 0; begin < rows; begin += part) {
    if (!proceed()) return false;
    for (std::size_t i = begin; i < std::min(rows, begin + part); ++i)
      for (std::size_t c = first; c < end; ++c) visit(i, c);
  }
  return true;
}

// Leaves the `count` entries with the lowest keys, equal keys by the lower row.
template <typename T>
void keep_lowest(Entries<T>& entries, std::size_t count) {
  if (count >= entries.size()) return;
  std::nth_element(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count),
                   entries.end(), [](const Entry<T>& a, const Entry<T>& b) {
                     return a.key != b.key ? a.key < b.key : a.row < b.row;
                   });
  entries.resize(count);
}

// The candidates of one class with one given answer, and how many of them to prune.
//
// Of the answers given alike, candidates are those of the lowest self-confidence, and those in
// which the other answer leads most: no other row has such a key. (Where it leads by about 1e-6
// both differences are exact and so distinct; where it leads by more, the row is a candidate.) So
// the rows to prune are chosen among the candidates alone.
template <typename T>
class PrunedAnswers {
 public:
  void add(MatrixView<T> probs, std::size_t row, std::size_t c) {
    const Answers<T> answers(probs.row(row)[c]);
    if (std::isnan(answers.yes())) return;  // by another thread: nan has no place in an order
    rows_.push_back({answers, row});
  }

  // Calls set(row) for the `count` rows with the lowest key(answers).
  template <typename Key, typename Set>
  void select(std::size_t count, const Key& key, const Set& set) const {
    Entries<T> entries;
    entries.reserve(rows_.size());
    for (const auto& [answers, row] : rows_) entries.push_back({key(answers), row});
    keep_lowest<T>(entries, count);
    for (const Entry<T>& entry : entries) set(entry.row);
  }

 private:
  std::vector<std::pair<Answers<T>, std::size_t>> rows_;
};

}  // namespace

template <typename T>
void prune_answers(MatrixView<T> probs, Given given, std::span<const std::int64_t> prune,
                   std::span<const std::int64_t> label_counts, FilterBy filter_by,
                   std::int64_t min_examples_per_class, const Execution& execution,
                   std::span<std::uint8_t> flags) {
  const bool by_rate = filter_by != FilterBy::kPruneByClass;
  const bool by_class = filter_by != FilterBy::kPruneByNoiseRate;
  // A class of one is never flagged, whatever min_examples_per_class says (as in cleanlab).
  const std::int64_t least = std::max<std::int64_t>(1, min_examples_per_class);
  const auto number = [](std::int64_t n) {
    return static_cast<std::size_t>(std::max<std::int64_t>(n, 0));
  };
  for_class_groups(
      probs, execution, [&](std::size_t first, std::size_t end, const Proceed& proceed) {
        std::array<std::array<PrunedAnswers<T>, 2>, kClassesAtOnce> candidates;
        const bool all_read =
            visit_cells(probs.rows, first, end, proceed, [&](std::size_t i, std::size_t c) {
              const std::size_t cell = i * probs.cols + c;
              if ((flags[cell] & kFlagPredictedOther) != 0)
                candidates[c - first][given[cell] != 0 ? 1 : 0].add(probs, i, c);
            });
        if (!all_read) return;
        for (std::size_t c = first; c < end; ++c)
          for (std::size_t answer = 0; answer < 2; ++answer) {
            const std::int64_t size = label_counts[2 * c + answer];
            if (size <= least) continue;
            const std::int64_t* counts = &prune[4 * c + 2 * answer];
            const auto& mine = candidates[c - first][answer];
            const auto setter = [&](std::uint8_t bit) {
              return
                  [&flags, &probs, c, bit](std::size_t row) { flags[row * probs.cols + c] |= bit; };
            };
            if (by_rate)
              mine.select(
                  number(counts[1 - answer]), [&](Answers<T> a) { return a.lead(answer); },
                  setter(kByNoiseRate));
            if (by_class)
              mine.select(
                  number(size - counts[answer]), [&](Answers<T> a) { return a.of(answer); },
                  setter(kByClass));
          }
      });
  keep_flags(static_cast<std::uint8_t>((by_rate ? kByNoiseRate : 0) | (by_class ? kByClass : 0)),
             execution, flags);
}

template <typename T>
void flag_lowest_answers(MatrixView<T> probs, Given given, ScoreMethod method, bool only_candidates,
                         const Execution& execution, std::span<std::uint8_t> flags) {
  constexpr std::uint8_t issue = kFlagOffDiagonal | kFlagPredictedOther;
  const bool margin = method == ScoreMethod::kNormalizedMargin;
  for_class_groups(probs, execution,
                   [&](std::size_t first, std::size_t end, const Proceed& proceed) {
                     std::array<Entries<T>, kClassesAtOnce> low;
                     std::array<std::size_t, kClassesAtOnce> issues{};
                     std::array<Entry<T>, kRowsAtOnce> found;
                     for (std::size_t begin = 0; begin < probs.rows; begin += kRowsAtOnce) {
                       if (!proceed()) return;
                       const std::size_t last = std::min(probs.rows, begin + kRowsAtOnce);
                       for (std::size_t c = first; c < end; ++c) {
                         std::size_t count = 0;
                         for (std::size_t i = begin; i < last; ++i) {
                           const std::size_t cell = i * probs.cols + c;
                           const Answers<T> answers(probs.row(i)[c]);
                           const std::size_t answer = given[cell] != 0 ? 1 : 0;
                           const Compute<T> score =
                               margin ? answers.normalized_margin(answer) : answers.of(answer);
                           // No issue scores above a half, so as many as there are issues lie up to
                           // there. Kept without a branch, which would be mispredicted.
                           found[count] = {score, i};
                           count += score <= Compute<T>(0.5) ? 1 : 0;
                           issues[c - first] += (flags[cell] & issue) == issue ? 1 : 0;
                         }
                         Entries<T>& entries = low[c - first];
                         entries.insert(entries.end(), found.data(), found.data() + count);
                       }
                     }
                     for (std::size_t c = first; c < end; ++c) {
                       keep_lowest<T>(low[c - first], issues[c - first]);
                       for (const Entry<T>& entry : low[c - first])
                         flags[entry.row * probs.cols + c] |= kLowest;
                     }
                   });
  keep_flags(static_cast<std::uint8_t>(kLowest | (only_candidates ? kFlagPredictedOther : 0)),
             execution, flags);
}

#define CUPEL_INSTANTIATE(T)                                                                   \
  template void prune_answers(MatrixView<T>, Given, std::span<const std::int64_t>,             \
                              std::span<const std::int64_t>, FilterBy, std::int64_t,           \
                              const Execution&, std::span<std::uint8_t>);                      \
  template void flag_lowest_answers(MatrixView<T>, Given, ScoreMethod, bool, const Execution&, \
                                    std::span<std::uint8_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
