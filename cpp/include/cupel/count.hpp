// Confident learning's counts: class thresholds and the confident joint.
//
// Every statistic over rows is a mergeable accumulator: update with rows, merge shards, finish.
// Sums are integers underneath, so every order of updating and merging gives the same bits.
// Northcutt, Jiang, Chuang (2021), "Confident Learning", JAIR 70.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/latent.hpp"
#include "cupel/views.hpp"

namespace cupel {

// Thresholds as they are compared with a matrix: cleanlab rounds them to the matrix's type, except
// when a class has no examples (its literal 2 makes the array float64) or the user gives them.
struct Thresholds {
  std::vector<double> values;   // one per class
  bool of_matrix_type = false;  // rounded to, and compared in, the matrix's type
};

// Which class a row belongs to when several reach their thresholds.
enum class Collision : std::uint8_t {
  kArgmax,     // the argmax over all classes, confident or not (cleanlab 2.9.0)
  kConfident,  // the argmax among the confident classes (the paper, eq. 1)
};

// Per-class sums of self-confidence: memory O(classes). Not thread-safe; one per shard, then merge.
class ThresholdAccumulator {
 public:
  explicit ThresholdAccumulator(std::size_t classes);
  ThresholdAccumulator(ThresholdAccumulator&&) noexcept;
  ThresholdAccumulator& operator=(ThresholdAccumulator&&) noexcept;
  ~ThresholdAccumulator();

  // Adds rows. Reads only each row's probability of its given label, unless `check_all` asks to
  // read and check every value on the way (else let check_probabilities or the pass that follows
  // do it). Throws InvalidLabel, InvalidProbability (rows counted from the view's start). Requires
  // probs.cols == classes, probs.rows == labels.size. O(rows), threaded.
  template <typename T>
  void update(MatrixView<T> probs, const LabelsView& labels, const Execution& execution,
              bool check_all = false);

  void merge(const ThresholdAccumulator& other);

  // Mean self-confidence of each class, within 1 ulp (eq. 2); 2 for classes without examples;
  // raised to at least 2e-6. Rounded to T.
  template <typename T>
  [[nodiscard]] Thresholds finish() const;

  [[nodiscard]] std::vector<std::int64_t> label_counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Counts of (given label, confident class): memory O(classes^2). Not thread-safe; one per shard.
class ConfidentJointAccumulator {
 public:
  ConfidentJointAccumulator(Thresholds thresholds, Collision collision);

  // Adds rows. If `flags` is not empty (then flags.size() == probs.rows), sets bit 0 of flags[i]
  // where the row is confidently another class than the given one, and bit 1 where the argmax is
  // another class even when 1e-6 is added to the given one. Checks every value: throws
  // InvalidLabel or InvalidProbability. O(rows * classes), one pass, threaded.
  template <typename T>
  void update(MatrixView<T> probs, const LabelsView& labels, const Execution& execution,
              std::span<std::uint8_t> flags = {});

  void merge(const ConfidentJointAccumulator& other);

  // The counts [given, confident class], without cleanlab's diagonal of at least 1. Leaves the
  // accumulator empty.
  [[nodiscard]] SquareMatrix<std::int64_t> finish() && { return std::move(counts_); }

 private:
  Thresholds thresholds_;
  Collision collision_;
  SquareMatrix<std::int64_t> counts_;
};

// Bits that ConfidentJointAccumulator::update sets.
inline constexpr std::uint8_t kFlagOffDiagonal = 1;
inline constexpr std::uint8_t kFlagPredictedOther = 2;

// flags[i] = kFlagPredictedOther or 0; as ConfidentJointAccumulator::update, without thresholds.
template <typename T>
void flag_predicted_other(MatrixView<T> probs, const LabelsView& labels, const Execution& execution,
                          std::span<std::uint8_t> flags);

// out[i] = the lowest index of row i's largest probability. Checks every value. Threaded.
template <typename T>
void argmax(MatrixView<T> probs, const Execution& execution, std::span<std::int64_t> out);

}  // namespace cupel
