// Selects, within one given class, the examples to prune.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/cpu.hpp"
#include "core/scalar.hpp"
#include "cupel/latent.hpp"

namespace cupel {

// Scratch and logic for one worker; reused from class to class.
//
// By noise rate, cell (given k, true j) selects the M[k, j] rows of class k with the largest margin
// p_j - p_k, equal margins by row. Only candidates, rows whose argmax is another class, are ever
// flagged, and any other row has margins of at most 2e-6. So where a cell has at least M[k, j]
// candidate margins above 2e-6, those decide; only in the other cells do the other rows count, and
// only if some candidate of the class is still undecided.
template <typename T, typename Index>
class ClassPruner {
  using A = Compute<T>;

 public:
  ClassPruner(MatrixView<T> probs, const SquareMatrix<std::int64_t>& prune)
      : probs_(probs),
        prune_(prune),
        margins_above_(kernels_of<T>().margins_above),
        cuts_(padded(probs.cols)),
        hits_(probs.cols),
        cell_of_(probs.cols) {}

  // selected[c] = 1 for each selected candidate rows[c], c < candidates; 0 for the others. The
  // candidates come first in `rows`, in ascending order, as do the rest. Requires rows.size() > 0.
  void by_noise_rate(std::size_t k, std::span<const Index> rows, std::size_t candidates,
                     std::vector<std::uint8_t>& selected) {
    given_ = k;
    rows_ = rows;
    selected.assign(candidates, 0);
    open_cells(rows.size());
    for (std::size_t c = 0; c < candidates; ++c) collect_high_margins(c);
    for (std::size_t cell = 0; cell < used_; ++cell) {
      Cell& top = cells_[cell];
      top.keep_best(rows_);
      for (const Entry& entry : top.entries) selected[entry.position] = 1;
    }
    decide_short_cells(candidates, selected);
  }

  // The same, selecting the rows.size() - M[k, k] lowest self-confidences.
  void by_class(std::size_t k, std::span<const Index> rows, std::size_t candidates,
                std::vector<std::uint8_t>& selected) {
    given_ = k;
    rows_ = rows;
    selected.assign(candidates, 0);
    const auto size = static_cast<std::int64_t>(rows.size());
    Cell& lowest = cell(0);
    lowest.capacity = static_cast<std::size_t>(size - std::clamp<std::int64_t>(prune_(k, k), 0, size));
    if (lowest.capacity == 0) return;
    for (std::size_t c = 0; c < rows.size(); ++c) {
      const A own = value(c, k);
      if (own == own) lowest.entries.push_back({-own, static_cast<Index>(c)});
    }
    lowest.keep_best(rows_);
    for (const Entry& entry : lowest.entries)
      if (entry.position < candidates) selected[entry.position] = 1;
  }

 private:
  struct Entry {
    A margin;
    Index position;  // in rows_
  };

  // Keeps the `capacity` largest margins offered.
  struct Cell {
    std::size_t j = 0;
    std::size_t capacity = 0;
    std::vector<Entry> entries;

    [[nodiscard]] bool overfull() const { return entries.size() >= 2 * capacity; }

    // Drops all but the best; returns the lowest margin kept.
    A keep_best(std::span<const Index> rows) {
      if (entries.size() > capacity) {
        const auto last = entries.begin() + static_cast<std::ptrdiff_t>(capacity) - 1;
        std::nth_element(entries.begin(), last, entries.end(), [&](const Entry& a, const Entry& b) {
          return a.margin != b.margin ? a.margin > b.margin : rows[a.position] < rows[b.position];
        });
        entries.resize(capacity);
        return entries.back().margin;
      }
      return -std::numeric_limits<A>::infinity();
    }
  };

  // No row outside the candidates has a margin above this (1e-6, rounded in any type).
  static A highest_other_margin() { return round_to<T>(2e-6); }

  [[nodiscard]] A value(std::size_t c, std::size_t j) const {
    return to_compute(probs_.row(static_cast<std::size_t>(rows_[c]))[j]);
  }
  [[nodiscard]] A margin(std::size_t c, std::size_t j) const {
    const A difference = value(c, j) - value(c, given_);
    if constexpr (sizeof(T) == sizeof(Half))
      return round_to<T>(static_cast<double>(difference));
    else
      return difference;
  }

  Cell& cell(std::size_t c) {
    if (c == cells_.size()) cells_.emplace_back();
    cells_[c].entries.clear();
    return cells_[c];
  }

  void open_cells(std::size_t class_size) {
    std::fill(cuts_.begin(), cuts_.end(), std::numeric_limits<A>::infinity());
    used_ = 0;
    for (std::size_t j = 0; j < probs_.cols; ++j) {
      if (j == given_ || prune_(given_, j) <= 0) continue;
      Cell& opened = cell(used_);
      opened.j = j;
      opened.capacity = std::min(class_size, static_cast<std::size_t>(prune_(given_, j)));
      cell_of_[j] = used_++;
      cuts_[j] = highest_other_margin();
    }
  }

  void collect_high_margins(std::size_t c) {
    const T* row = probs_.row(static_cast<std::size_t>(rows_[c]));
    const std::size_t count = margins_above_(row, probs_.cols, static_cast<std::int64_t>(given_),
                                             cuts_.data(), hits_.data());
    for (std::size_t h = 0; h < count; ++h) {
      const std::size_t j = hits_[h];
      const A m = margin(c, j);
      if (!(m > cuts_[j])) continue;  // nan, if another thread writes to the matrix
      Cell& top = cells_[cell_of_[j]];
      top.entries.push_back({m, static_cast<Index>(c)});
      // Later rows lose ties, so from here on only strictly larger margins matter.
      if (top.overfull()) cuts_[j] = std::max(cuts_[j], top.keep_best(rows_));
    }
  }

  // Cells with fewer candidates above 2e-6 than they select go on below it, over all rows.
  void decide_short_cells(std::size_t candidates, std::vector<std::uint8_t>& selected) {
    std::size_t open = 0;
    for (std::size_t i = 0; i < used_; ++i)
      if (cells_[i].entries.size() < cells_[i].capacity) {
        std::swap(cells_[open].j, cells_[i].j);
        cells_[open].capacity = cells_[i].capacity - cells_[i].entries.size();
        ++open;
      }
    if (open == 0) return;
    for (std::size_t i = 0; i < open; ++i) {
      // Only margins at or above the lowest undecided candidate's can matter.
      A lowest = std::numeric_limits<A>::infinity();
      for (std::size_t c = 0; c < candidates; ++c)
        if (selected[c] == 0) lowest = std::min(lowest, margin(c, cells_[i].j));
      cuts_[i] = lowest;
      cells_[i].entries.clear();
    }
    if (cuts_[0] == std::numeric_limits<A>::infinity()) return;  // every candidate is selected
    for (std::size_t c = 0; c < rows_.size(); ++c)
      for (std::size_t i = 0; i < open; ++i) {
        const A m = margin(c, cells_[i].j);
        if (!(m >= cuts_[i] && m <= highest_other_margin())) continue;
        Cell& top = cells_[i];
        top.entries.push_back({m, static_cast<Index>(c)});
        if (top.overfull()) cuts_[i] = std::max(cuts_[i], top.keep_best(rows_));
      }
    for (std::size_t i = 0; i < open; ++i) {
      cells_[i].keep_best(rows_);
      for (const Entry& entry : cells_[i].entries)
        if (entry.position < candidates) selected[entry.position] = 1;
    }
  }

  MatrixView<T> probs_;
  const SquareMatrix<std::int64_t>& prune_;
  std::size_t (*margins_above_)(const T*, std::size_t, std::int64_t, const A*, std::uint32_t*);
  std::vector<A> cuts_;
  std::vector<std::uint32_t> hits_;
  std::vector<std::size_t> cell_of_;
  std::vector<Cell> cells_;
  std::size_t used_ = 0;
  std::size_t given_ = 0;
  std::span<const Index> rows_;
};

}  // namespace cupel
