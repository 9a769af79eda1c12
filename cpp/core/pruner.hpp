// Selects the examples to prune of some given classes: the work of one thread.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/blocks.hpp"
#include "core/cpu.hpp"
#include "core/parallel.hpp"
#include "core/prefetch.hpp"
#include "core/scalar.hpp"
#include "core/top_cell.hpp"
#include "cupel/latent.hpp"

namespace cupel {

// Bits of the mask while pruning goes on.
inline constexpr std::uint8_t kCandidate = 1;    // argmax is another class; only these get flagged
inline constexpr std::uint8_t kByNoiseRate = 2;  // selected by a (given, true) cell
inline constexpr std::uint8_t kByClass = 4;      // selected by its class

// By noise rate, cell (given k, true j) selects the M[k, j] rows of class k with the largest margin
// p_j - p_k, equal margins by row. Only candidates are ever flagged, and any other row has margins
// of at most 2e-6. So where a cell has at least M[k, j] candidate margins above 2e-6, those decide;
// only in the other cells do the other rows count, and only if a candidate of the class is still
// undecided. Rows are read in ascending order, not class by class, to be kind to the memory.
template <typename T, typename Row>
class Pruner {
  using A = Compute<T>;
  using Cell = TopCell<A, Row>;

 public:
  // `classes`: those this pruner is responsible for; it touches the mask of no other rows.
  Pruner(MatrixView<T> probs, const LabelsView& labels, const SquareMatrix<std::int64_t>& prune,
         std::span<const std::int64_t> label_counts, std::span<const std::size_t> classes,
         std::span<std::uint8_t> mask)
      : probs_(probs),
        labels_(labels),
        prune_(prune),
        label_counts_(label_counts),
        mask_(mask),
        margins_above_(kernels_of<T>().margins_above),
        slot_of_(probs.cols, kNotMine),
        hits_(probs.cols) {
    for (const std::size_t k : classes) {
      slot_of_[k] = static_cast<std::uint32_t>(mine_.size());
      mine_.push_back(k);
    }
  }

  // First step by noise rate: reads the candidates' margins. Only reads the mask.
  void read_margins(const Proceed& proceed) {
    cells_.clear();
    for (const std::size_t k : mine_) cells_.push_back(open_cells(k));
    for_each_row(
        proceed, Rows::kCandidates, [](std::size_t, std::size_t) { return true; },
        [&](std::size_t row, std::size_t slot) { prefetch_cells(row, slot); },
        [&](std::size_t row, std::size_t slot) { collect_high_margins(row, cells_[slot]); });
  }

  // Second step, when all pruners have done the first: sets kByNoiseRate on the selected rows.
  void select_by_noise_rate(const Proceed& proceed) {
    bool short_cells = false;
    for (ClassCells& of_class : cells_) short_cells |= select_and_keep_short(of_class);
    if (short_cells) decide_short_cells(proceed);
  }

  // Sets kByClass on the rows with the label_counts[k] - M[k, k] lowest self-confidences. Does not
  // read the mask.
  void by_class(const Proceed& proceed) {
    std::vector<Cell> lowest;
    for (const std::size_t k : mine_) {
      const std::int64_t size = label_counts_[k];
      const std::int64_t kept = std::clamp<std::int64_t>(prune_(k, k), 0, size);
      const std::size_t capacity = static_cast<std::size_t>(size - kept);
      lowest.emplace_back(capacity, capacity > 0 ? -kInfinity : kInfinity);
    }
    const bool all_read = for_each_row(
        proceed, Rows::kAll, [](std::size_t, std::size_t) { return true; },
        [&](std::size_t row, std::size_t slot) { prefetch(probs_.row(row) + mine_[slot]); },
        [&](std::size_t row, std::size_t slot) {
          const A key = -value(row, mine_[slot]);
          if (key > lowest[slot].cut()) lowest[slot].offer(key, static_cast<Row>(row));
        });
    if (!all_read) return;
    for (Cell& cell : lowest)
      for (const auto& entry : cell.best()) mask_[static_cast<std::size_t>(entry.row)] |= kByClass;
  }

 private:
  static constexpr std::uint32_t kNotMine = std::numeric_limits<std::uint32_t>::max();
  static constexpr A kInfinity = std::numeric_limits<A>::infinity();

  struct ClassCells {
    std::size_t given = 0;
    std::vector<std::uint32_t> true_class;  // of each cell, ascending
    std::vector<Cell> cells;
    // Where most classes have a cell, vectors over all classes, for the kernel: cuts and cells.
    std::vector<A> cuts;
    std::vector<std::uint32_t> cell_of;
  };

  // No row outside the candidates has a margin above this (1e-6, rounded in any type).
  static A highest_other_margin() { return round_to<T>(2e-6); }

  [[nodiscard]] A value(std::size_t row, std::size_t j) const {
    return to_compute(probs_.row(row)[j]);
  }
  [[nodiscard]] A margin(std::size_t row, std::size_t j, A own) const {
    const A difference = value(row, j) - own;
    if constexpr (sizeof(T) == sizeof(Half))
      return round_to<T>(static_cast<double>(difference));
    else
      return difference;
  }

  // Asks for the part of a row that its class's cells will read.
  void prefetch_cells(std::size_t row, std::size_t slot) const {
    const T* values = probs_.row(row);
    const ClassCells& of_class = cells_[slot];
    if (!of_class.cuts.empty()) return prefetch_row(values, probs_.cols * sizeof(T));
    for (const std::uint32_t j : of_class.true_class) prefetch(values + j);
    prefetch(values + of_class.given);
  }

  enum class Rows : std::uint8_t { kAll, kCandidates };

  // Numbers of the block's rows, or of its candidates, in ascending order. Without branches, which
  // would be mispredicted for one row in several. Reads the mask of rows of other pruners.
  std::size_t admitted(Rows rows, std::size_t begin, std::size_t count,
                       std::uint32_t* offsets) const {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      offsets[kept] = static_cast<std::uint32_t>(i);
      kept += rows == Rows::kAll || (mask_[begin + i] & kCandidate) != 0 ? 1 : 0;
    }
    return kept;
  }

  // Calls visit(row, slot) in ascending order for the rows of this pruner's classes that `rows` and
  // `wanted(row, slot)` admit, and ask(row, slot) a little earlier. False if `proceed` ended it
  // early.
  template <typename Wanted, typename Ask, typename Visit>
  bool for_each_row(const Proceed& proceed, Rows rows, const Wanted& wanted, const Ask& ask,
                    const Visit& visit) const {
    std::array<std::uint32_t, kMaxBlockRows> offsets;
    std::array<std::uint32_t, kMaxBlockRows> slots;
    const std::size_t ahead = prefetch_distance(probs_.cols * sizeof(T));
    for (std::size_t begin = 0; begin < probs_.rows; begin += kMaxBlockRows) {
      if (!proceed()) return false;
      const std::size_t end = std::min(probs_.rows, begin + kMaxBlockRows);
      const CheckedLabels given(labels_, begin, end, probs_.cols);
      const std::size_t kept = admitted(rows, begin, end - begin, offsets.data());
      std::size_t count = 0;
      for (std::size_t c = 0; c < kept; ++c) {
        const std::uint32_t offset = offsets[c];
        const std::uint32_t slot = slot_of_[static_cast<std::size_t>(given.data()[offset])];
        offsets[count] = offset;
        slots[count] = slot;
        count += slot != kNotMine && wanted(begin + offset, slot) ? 1 : 0;
      }
      for (std::size_t c = 0; c < count; ++c) {
        if (c + ahead < count)
          ask(begin + offsets[c + ahead], static_cast<std::size_t>(slots[c + ahead]));
        visit(begin + offsets[c], static_cast<std::size_t>(slots[c]));
      }
    }
    return true;
  }

  ClassCells open_cells(std::size_t k) const {
    ClassCells opened;
    opened.given = k;
    const auto class_size = static_cast<std::size_t>(label_counts_[k]);
    for (std::size_t j = 0; j < probs_.cols; ++j) {
      if (j == k || prune_(k, j) <= 0) continue;
      opened.true_class.push_back(static_cast<std::uint32_t>(j));
      opened.cells.emplace_back(std::min(class_size, static_cast<std::size_t>(prune_(k, j))),
                                highest_other_margin());
    }
    constexpr std::size_t few = 4;  // one in so many is cheaper to visit one by one
    if (opened.cells.size() * few < probs_.cols) return opened;
    opened.cuts.assign(padded(probs_.cols), kInfinity);
    opened.cell_of.assign(probs_.cols, 0);
    for (std::size_t c = 0; c < opened.cells.size(); ++c) {
      opened.cuts[opened.true_class[c]] = highest_other_margin();
      opened.cell_of[opened.true_class[c]] = static_cast<std::uint32_t>(c);
    }
    return opened;
  }

  void collect_high_margins(std::size_t row, ClassCells& of_class) {
    const A own = value(row, of_class.given);
    if (of_class.cuts.empty()) {
      offer_all(row, own, of_class, kInfinity);
      return;
    }
    const std::size_t count =
        margins_above_(probs_.row(row), probs_.cols, static_cast<std::int64_t>(of_class.given),
                       of_class.cuts.data(), hits_.data());
    for (std::size_t h = 0; h < count; ++h) {
      const std::size_t j = hits_[h];
      Cell& cell = of_class.cells[of_class.cell_of[j]];
      const A m = margin(row, j, own);
      if (!(m > cell.cut())) continue;  // another thread writes to the matrix
      cell.offer(m, static_cast<Row>(row));
      of_class.cuts[j] = cell.cut();
    }
  }

  // Offers the row's margins up to `highest` to every cell of its class.
  void offer_all(std::size_t row, A own, ClassCells& of_class, A highest) const {
    for (std::size_t c = 0; c < of_class.cells.size(); ++c) {
      Cell& cell = of_class.cells[c];
      const A m = margin(row, of_class.true_class[c], own);
      if (m > cell.cut() && m <= highest) cell.offer(m, static_cast<Row>(row));
    }
  }

  void select(Cell& cell) {
    for (const auto& entry : cell.best())
      mask_[static_cast<std::size_t>(entry.row)] |= kByNoiseRate;
  }

  // Selects what the cells hold, and keeps those that want more, for what lies below. True if any.
  bool select_and_keep_short(ClassCells& of_class) {
    std::size_t kept = 0;
    for (std::size_t c = 0; c < of_class.cells.size(); ++c) {
      Cell& cell = of_class.cells[c];
      select(cell);
      const std::size_t missing = cell.capacity() - cell.best().size();
      if (missing == 0) continue;
      of_class.true_class[kept] = of_class.true_class[c];
      of_class.cells[kept].restart(missing, kInfinity);
      ++kept;
    }
    of_class.true_class.resize(kept);
    of_class.cuts.clear();
    of_class.cells.resize(kept, Cell(0, kInfinity));
    return kept > 0;
  }

  void decide_short_cells(const Proceed& proceed) {
    // Only margins at or above the lowest undecided candidate's can matter.
    std::vector<std::vector<A>> lowest(cells_.size());
    const auto ask = [&](std::size_t row, std::size_t slot) { prefetch_cells(row, slot); };
    const bool all_read = for_each_row(
        proceed, Rows::kAll,
        [&](std::size_t row, std::size_t slot) {
          return (mask_[row] & (kCandidate | kByNoiseRate)) == kCandidate &&
                 !cells_[slot].cells.empty();
        },
        ask,
        [&](std::size_t row, std::size_t slot) {
          const ClassCells& of_class = cells_[slot];
          lowest[slot].resize(of_class.cells.size(), kInfinity);
          const A own = value(row, of_class.given);
          for (std::size_t c = 0; c < of_class.cells.size(); ++c)
            lowest[slot][c] = std::min(lowest[slot][c], margin(row, of_class.true_class[c], own));
        });
    if (!all_read) return;
    for (std::size_t slot = 0; slot < cells_.size(); ++slot)
      for (std::size_t c = 0; c < lowest[slot].size(); ++c)
        cells_[slot].cells[c].restart(cells_[slot].cells[c].capacity(),
                                      std::nextafter(lowest[slot][c], -kInfinity));
    const bool all_offered = for_each_row(
        proceed, Rows::kAll, [&](std::size_t, std::size_t slot) { return !lowest[slot].empty(); },
        ask,
        [&](std::size_t row, std::size_t slot) {
          offer_all(row, value(row, cells_[slot].given), cells_[slot], highest_other_margin());
        });
    if (!all_offered) return;
    for (ClassCells& of_class : cells_)
      for (Cell& cell : of_class.cells) select(cell);
  }

  MatrixView<T> probs_;
  const LabelsView& labels_;
  const SquareMatrix<std::int64_t>& prune_;
  std::span<const std::int64_t> label_counts_;
  std::span<std::uint8_t> mask_;
  std::size_t (*margins_above_)(const T*, std::size_t, std::int64_t, const A*, std::uint32_t*);
  std::vector<std::uint32_t> slot_of_;  // class -> position in mine_
  std::vector<std::size_t> mine_;
  std::vector<ClassCells> cells_;  // one per class of mine_
  std::vector<std::uint32_t> hits_;
};

}  // namespace cupel
