#include "cupel/count.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <type_traits>

#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/exact_sum.hpp"
#include "core/prefetch.hpp"
#include "core/scalar.hpp"
#include "core/thresholds.hpp"

namespace cupel {
namespace {

constexpr double kLowestThreshold = 2e-6;
constexpr double kAbsentThreshold = 2.0;
constexpr double kThresholdSlack = 1e-6;

struct ClassSums {
  std::vector<ExactSum> sums;
  std::vector<std::int64_t> counts;

  explicit ClassSums(std::size_t classes) : sums(classes), counts(classes) {}

  void merge(const ClassSums& other) {
    for (std::size_t k = 0; k < sums.size(); ++k) {
      sums[k].merge(other.sums[k]);
      counts[k] += other.counts[k];
    }
  }
};

// The smallest value of T that is >= x.
template <typename T>
Compute<T> ceil_to(double x) {
  Compute<T> value = round_to<T>(x);
  if (static_cast<double>(value) >= x) return value;
  if constexpr (std::is_same_v<T, Half>) {
    Half next = float_to_half(value);
    if ((next.bits & 0x8000u) != 0)
      next.bits =
          next.bits == 0x8000u ? std::uint16_t{1} : static_cast<std::uint16_t>(next.bits - 1);
    else
      next.bits = static_cast<std::uint16_t>(next.bits + 1);
    return half_to_float(next);
  } else {
    return std::nextafter(value, std::numeric_limits<Compute<T>>::infinity());
  }
}

// What one worker has counted and not yet added to the total: a small table of its own, or, where
// the table would be large, a list of cells.
class LocalCounts {
 public:
  LocalCounts(SquareMatrix<std::int64_t>& total, std::mutex& mutex)
      : total_(total),
        mutex_(mutex),
        table_(total.values.size() <= kTableCells ? total.values.size() : 0) {}

  void add(std::size_t rows, const std::int64_t* given, const std::int64_t* guess) {
    if (pending_ + rows > (table_.empty() ? kListCells : kTableRows)) flush();
    pending_ += rows;
    for (std::size_t i = 0; i < rows; ++i) {
      if (guess[i] < 0) continue;
      const std::size_t cell =
          static_cast<std::size_t>(given[i]) * total_.size + static_cast<std::size_t>(guess[i]);
      if (table_.empty())
        cells_.push_back(cell);
      else
        ++table_[cell];
    }
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    for (const std::size_t cell : cells_) ++total_.values[cell];
    for (std::size_t cell = 0; cell < table_.size(); ++cell) total_.values[cell] += table_[cell];
    cells_.clear();
    std::fill(table_.begin(), table_.end(), 0u);
    pending_ = 0;
  }

 private:
  static constexpr std::size_t kTableCells = std::size_t{1} << 16;
  static constexpr std::size_t kTableRows = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t kListCells = std::size_t{1} << 14;

  SquareMatrix<std::int64_t>& total_;
  std::mutex& mutex_;
  std::vector<std::uint32_t> table_;
  std::vector<std::size_t> cells_;
  std::size_t pending_ = 0;
};

}  // namespace

template <typename T>
std::vector<Compute<T>> confident_cuts(const Thresholds& thresholds) {
  std::vector<Compute<T>> cuts(padded(thresholds.values.size()),
                               std::numeric_limits<Compute<T>>::infinity());
  for (std::size_t k = 0; k < thresholds.values.size(); ++k) {
    const double t = thresholds.values[k];
    if (thresholds.of_matrix_type)
      cuts[k] = round_to<T>(
          static_cast<double>(static_cast<Compute<T>>(t) - round_to<T>(kThresholdSlack)));
    else
      cuts[k] = ceil_to<T>(t - kThresholdSlack);
  }
  return cuts;
}

template <typename T>
Thresholds thresholds_of(std::span<const ExactSum> sums, std::span<const std::int64_t> counts) {
  Thresholds thresholds{std::vector<double>(counts.size()), true};
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0) thresholds.of_matrix_type = false;
    const double mean =
        counts[k] == 0 ? kAbsentThreshold : sums[k].value() / static_cast<double>(counts[k]);
    const auto rounded = static_cast<double>(round_to<T>(mean));
    thresholds.values[k] = std::max(rounded, kLowestThreshold);
  }
  if (thresholds.of_matrix_type)
    for (double& t : thresholds.values) t = static_cast<double>(round_to<T>(t));
  return thresholds;
}

struct ThresholdAccumulator::State : ClassSums {
  using ClassSums::ClassSums;
};

ThresholdAccumulator::ThresholdAccumulator(std::size_t classes)
    : state_(std::make_unique<State>(classes)) {}
ThresholdAccumulator::ThresholdAccumulator(ThresholdAccumulator&&) noexcept = default;
ThresholdAccumulator& ThresholdAccumulator::operator=(ThresholdAccumulator&&) noexcept = default;
ThresholdAccumulator::~ThresholdAccumulator() = default;

template <typename T>
void ThresholdAccumulator::update(MatrixView<T> probs, const LabelsView& labels,
                                  const Execution& execution, bool check_all) {
  constexpr std::size_t cache_line = 64;
  const std::size_t row_bytes = probs.cols * sizeof(T);
  const RowPass pass(
      execution, probs.rows, row_bytes,
      (check_all ? row_bytes : std::min(row_bytes, cache_line)) + sizeof(std::int64_t));
  const auto first_invalid_row = kernels_of<T>().first_invalid_row;
  std::vector<ClassSums> shards(pass.workers, ClassSums(probs.cols));
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t worker, const RowBlock<T>& block, std::size_t begin) {
                   const std::size_t rows = block.probs.rows;
                   if (check_all) {
                     const std::size_t bad = first_invalid_row(block.probs, kProbabilityTolerance);
                     if (bad < rows) throw_invalid_row(block.probs, bad, begin);
                   }
                   ClassSums& shard = shards[worker];
                   constexpr std::size_t ahead = 16;
                   for (std::size_t i = 0; i < rows; ++i) {
                     if (i + ahead < rows)
                       prefetch(block.probs.row(i + ahead) + block.given[i + ahead]);
                     const auto k = static_cast<std::size_t>(block.given[i]);
                     shard.sums[k].add(static_cast<double>(to_compute(block.probs.row(i)[k])));
                     ++shard.counts[k];
                   }
                 });
  for (const ClassSums& shard : shards) state_->merge(shard);
}

void ThresholdAccumulator::merge(const ThresholdAccumulator& other) {
  state_->merge(*other.state_);
}

template <typename T>
Thresholds ThresholdAccumulator::finish() const {
  return thresholds_of<T>(state_->sums, state_->counts);
}

std::vector<std::int64_t> ThresholdAccumulator::label_counts() const { return state_->counts; }

ConfidentJointAccumulator::ConfidentJointAccumulator(Thresholds thresholds, Collision collision)
    : thresholds_(std::move(thresholds)),
      collision_(collision),
      counts_(thresholds_.values.size()) {}

template <typename T>
void ConfidentJointAccumulator::update(MatrixView<T> probs, const LabelsView& labels,
                                       const Execution& execution, std::span<std::uint8_t> flags) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  std::mutex mutex;
  std::vector<LocalCounts> local(pass.workers, LocalCounts(counts_, mutex));
  const std::vector<Compute<T>> cuts = confident_cuts<T>(thresholds_);
  const auto confident_rows = kernels_of<T>().confident_rows;
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t worker, const RowBlock<T>& block, std::size_t begin) {
                   std::array<std::int64_t, kMaxBlockRows> guess;
                   std::array<std::uint8_t, kMaxBlockRows> unused;
                   std::uint8_t* out = flags.empty() ? unused.data() : flags.data() + begin;
                   const std::size_t valid = confident_rows(
                       block, cuts.data(), collision_ == Collision::kConfident, guess.data(), out);
                   if (valid < block.probs.rows) throw_invalid_row(block.probs, valid, begin);
                   local[worker].add(valid, block.given, guess.data());
                 });
  for (LocalCounts& counts : local) counts.flush();
}

void ConfidentJointAccumulator::merge(const ConfidentJointAccumulator& other) {
  for (std::size_t c = 0; c < counts_.values.size(); ++c)
    counts_.values[c] += other.counts_.values[c];
}

template <typename T>
void flag_predicted_other(MatrixView<T> probs, const LabelsView& labels, const Execution& execution,
                          std::span<std::uint8_t> flags) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const auto predicted_other_rows = kernels_of<T>().predicted_other_rows;
  for_each_block(execution, pass, probs, labels,
                 [&](std::size_t, const RowBlock<T>& block, std::size_t begin) {
                   const std::size_t valid = predicted_other_rows(block, flags.data() + begin);
                   if (valid < block.probs.rows) throw_invalid_row(block.probs, valid, begin);
                 });
}

template <typename T>
void argmax(MatrixView<T> probs, const Execution& execution, std::span<std::int64_t> out) {
  const RowPass pass(execution, probs.rows, probs.cols * sizeof(T), probs.cols * sizeof(T));
  const KernelsOf<T>& kernels = kernels_of<T>();
  parallel_blocks(execution, pass.workers, pass.rows, pass.grain,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    const MatrixView<T> rows = rows_of(probs, begin, end);
                    const std::size_t bad = kernels.first_invalid_row(rows, kProbabilityTolerance);
                    if (bad < rows.rows) throw_invalid_row(rows, bad, begin);
                    kernels.argmax_rows(rows, out.data() + begin);
                  });
}

#define CUPEL_INSTANTIATE(T)                                                                      \
  template std::vector<Compute<T>> confident_cuts<T>(const Thresholds&);                          \
  template void ThresholdAccumulator::update(MatrixView<T>, const LabelsView&, const Execution&,  \
                                             bool);                                               \
  template Thresholds thresholds_of<T>(std::span<const ExactSum>, std::span<const std::int64_t>); \
  template Thresholds ThresholdAccumulator::finish<T>() const;                                    \
  template void ConfidentJointAccumulator::update(MatrixView<T>, const LabelsView&,               \
                                                  const Execution&, std::span<std::uint8_t>);     \
  template void flag_predicted_other(MatrixView<T>, const LabelsView&, const Execution&,          \
                                     std::span<std::uint8_t>);                                    \
  template void argmax(MatrixView<T>, const Execution&, std::span<std::int64_t>);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
