#include "cupel/rank.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "core/block_scorer.hpp"
#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/exact_sum.hpp"
#include "core/prefetch.hpp"
#include "core/radix.hpp"
#include "core/scalar.hpp"

namespace cupel {
namespace {

constexpr double kLowestProbability = 1e-6;

// The leading 32 bits of a key, or all of a shorter one: enough to tell nearly all scores apart.
template <typename Key>
auto leading(Key key) {
  if constexpr (sizeof(Key) > sizeof(std::uint32_t))
    return static_cast<std::uint32_t>(key >> 32);
  else
    return key;
}

// Puts runs of equal leading bits, sorted by index so far, into the order of their whole keys.
template <typename T, typename Item, typename Poll>
void order_runs(std::span<const T> scores, std::vector<Item>& items, const Poll& poll) {
  const auto before = [&](const Item& a, const Item& b) {
    const auto key_a = order_key(scores[a.index]);
    const auto key_b = order_key(scores[b.index]);
    return key_a != key_b ? key_a < key_b : a.index < b.index;
  };
  for (auto run = items.begin(); run != items.end();) {
    const auto end =
        std::find_if(run, items.end(), [&](const Item& item) { return item.key != run->key; });
    if (end - run > 1 && !std::is_sorted(run, end, before)) {
      poll();
      std::sort(run, end, before);
    }
    run = end;
  }
}

// Where the count-th lowest score lies among 65536 ranges of keys.
template <typename T>
struct Bucket {
  std::size_t number;
  std::size_t below;  // scores in lower buckets
  std::size_t inside;

  static std::size_t of(const T& score) {
    const auto key = order_key(score);
    return static_cast<std::size_t>(key >> (sizeof(key) * 8 - 16));
  }

  // Requires 1 <= count <= scores.size().
  template <typename Poll>
  static Bucket find(std::span<const T> scores, std::size_t count, const Poll& poll) {
    std::vector<std::size_t> sizes(std::size_t{1} << 16);
    in_parts(scores.size(), poll, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++sizes[of(scores[i])];
    });
    Bucket bucket{0, 0, sizes[0]};
    while (bucket.below + bucket.inside < count) {
      bucket.below += bucket.inside;
      bucket.inside = sizes[++bucket.number];
    }
    return bucket;
  }
};

// Scores that `wanted` admits, with their positions, lowest first.
template <typename Index, typename T, typename Poll, typename Wanted>
auto sorted_items(std::span<const T> scores, std::size_t count, const Poll& poll,
                  const Wanted& wanted) {
  using Key = decltype(order_key(T{}));
  std::vector<Keyed<decltype(leading(Key{})), Index>> items;
  items.reserve(count);
  in_parts(scores.size(), poll, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      if (wanted(scores[i]))
        items.push_back({leading(order_key(scores[i])), static_cast<Index>(i)});
  });
  radix_sort(items, poll);
  if constexpr (sizeof(Key) > sizeof(std::uint32_t)) order_runs(scores, items, poll);
  return items;
}

template <typename Index, typename T, typename Poll>
void order_lowest(std::span<const T> scores, const Poll& poll, std::span<std::int64_t> order) {
  // Only what lies in or below the bucket of the last wanted score needs sorting.
  const bool all = order.size() == scores.size();
  const Bucket<T> last = all ? Bucket<T>{} : Bucket<T>::find(scores, order.size(), poll);
  const auto items =
      all ? sorted_items<Index>(scores, scores.size(), poll, [](const T&) { return true; })
          : sorted_items<Index>(scores, last.below + last.inside, poll, [&](const T& score) {
              return Bucket<T>::of(score) <= last.number;
            });
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<std::int64_t>(items[i].index);
}

template <typename Index, typename T, typename Poll>
void flag_lowest_by(std::span<const T> scores, std::size_t count, const Poll& poll,
                    std::span<std::uint8_t> mask) {
  const Bucket<T> last = Bucket<T>::find(scores, count, poll);
  for (std::size_t i = 0; i < scores.size(); ++i)
    mask[i] = Bucket<T>::of(scores[i]) < last.number ? 1 : 0;
  const auto items = sorted_items<Index>(scores, last.inside, poll, [&](const T& score) {
    return Bucket<T>::of(score) == last.number;
  });
  for (std::size_t i = 0; i < count - last.below; ++i) mask[items[i].index] = 1;
}

// Calls f(poll) on this thread; poll() throws Interrupted when the caller wants to stop.
template <typename F>
void interruptible(const Execution& execution, const F& f) {
  parallel_workers(execution, 1, [&](std::size_t, const Proceed& proceed) {
    f([&] {
      if (!proceed()) throw Interrupted();
    });
  });
}

template <typename T>
bool fits_32_bits(std::span<const T> scores) {
  return scores.size() <= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

template <typename T>
bool scores_are_double(ScoreMethod method, const Thresholds* adjust) {
  return std::is_same_v<T, double> || method == ScoreMethod::kConfidenceWeightedEntropy ||
         (adjust != nullptr && !adjust->of_matrix_type);
}

template <typename T, typename Out>
void label_quality_scores(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                          const Thresholds* adjust, const Execution& execution,
                          std::span<Out> out) {
  const BlockScorer<T, Out> scorer(method, adjust);
  const std::size_t row_bytes = probs.cols * sizeof(T);
  const RowPass pass(execution, probs.rows, row_bytes, row_bytes);
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t, const RowBlock<T>& block, std::size_t begin) {
                   scorer.check(block, begin);
                   scorer.score(block, out.data() + begin);
                 });
}

template <typename T, typename Out>
void label_quality_scores_of_rows(MatrixView<T> probs, const LabelsView& labels, ScoreMethod method,
                                  const Thresholds* adjust, std::span<const std::int64_t> rows,
                                  const Execution& execution, std::span<Out> out) {
  const BlockScorer<T, Out> scorer(method, adjust);
  const bool check = scorer.tolerance() == 0.0;
  const std::size_t row_bytes = probs.cols * sizeof(T);
  const std::size_t ahead = prefetch_distance(row_bytes);
  const RowPass pass(execution, rows.size(), row_bytes, row_bytes);
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      if (i + ahead < end)
                        prefetch_row(probs.row(static_cast<std::size_t>(rows[i + ahead])),
                                     row_bytes);
                      const auto row = static_cast<std::size_t>(rows[i]);
                      const CheckedLabels given(labels, row, row + 1, probs.cols);
                      const RowBlock<T> block{rows_of(probs, row, row + 1), given.data()};
                      if (check) scorer.check(block, row);
                      scorer.score(block, out.data() + i);
                    }
                  });
}

template <typename T>
void lowest_first(std::span<const T> scores, const Execution& execution,
                  std::span<std::int64_t> order) {
  if (order.empty()) return;
  interruptible(execution, [&](const auto& poll) {
    if (fits_32_bits(scores))
      order_lowest<std::uint32_t>(scores, poll, order);
    else
      order_lowest<std::uint64_t>(scores, poll, order);
  });
}

template <typename T>
void flag_lowest(std::span<const T> scores, std::size_t count, const Execution& execution,
                 std::span<std::uint8_t> mask) {
  std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  if (count == 0) return;
  interruptible(execution, [&](const auto& poll) {
    if (fits_32_bits(scores))
      flag_lowest_by<std::uint32_t>(scores, count, poll, mask);
    else
      flag_lowest_by<std::uint64_t>(scores, count, poll, mask);
  });
}

template <typename T>
double log_loss(MatrixView<T> probs, const LabelsView& labels, const Execution& execution) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  const auto log = active_kernels().log;
  constexpr double scale = 1.0 / 64.0;  // keeps terms within ExactSum's range; a power of 2, exact
  std::vector<ExactSum> shards(pass.workers);
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t worker, const RowBlock<T>& block, std::size_t begin) {
                   const std::size_t bad = first_invalid_row(block.probs, kProbabilityTolerance);
                   if (bad < block.probs.rows) throw_invalid_row(block.probs, bad, begin);
                   for (std::size_t i = 0; i < block.probs.rows; ++i) {
                     const T* row = block.probs.row(i);
                     double sum = 0.0;
                     for (std::size_t j = 0; j < probs.cols; ++j)
                       sum += std::max(static_cast<double>(to_compute(row[j])), kLowestProbability);
                     const double own = std::max(
                         static_cast<double>(to_compute(row[block.given[i]])), kLowestProbability);
                     shards[worker].add(-log(own / sum) * scale);
                   }
                 });
  ExactSum total;
  for (const ExactSum& shard : shards) total.merge(shard);
  return total.value() / scale / static_cast<double>(std::max<std::size_t>(1, probs.rows));
}

#define CUPEL_INSTANTIATE_SCORES(T, Out)                                                       \
  template void label_quality_scores(MatrixView<T>, const LabelsView&, ScoreMethod,            \
                                     const Thresholds*, const Execution&, std::span<Out>);     \
  template void label_quality_scores_of_rows(MatrixView<T>, const LabelsView&, ScoreMethod,    \
                                             const Thresholds*, std::span<const std::int64_t>, \
                                             const Execution&, std::span<Out>);
#define CUPEL_INSTANTIATE(T)                                                                 \
  template bool scores_are_double<T>(ScoreMethod, const Thresholds*);                        \
  template void lowest_first(std::span<const T>, const Execution&, std::span<std::int64_t>); \
  template void flag_lowest(std::span<const T>, std::size_t, const Execution&,               \
                            std::span<std::uint8_t>);                                        \
  template double log_loss(MatrixView<T>, const LabelsView&, const Execution&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
CUPEL_INSTANTIATE_SCORES(Half, Half)
CUPEL_INSTANTIATE_SCORES(Half, double)
CUPEL_INSTANTIATE_SCORES(float, float)
CUPEL_INSTANTIATE_SCORES(float, double)
CUPEL_INSTANTIATE_SCORES(double, double)
#undef CUPEL_INSTANTIATE
#undef CUPEL_INSTANTIATE_SCORES

}  // namespace cupel
