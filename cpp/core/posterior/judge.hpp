// Judges a few rows at a time; shared by whole matrices and the frozen scorer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/posterior/true_class.hpp"

namespace cupel {

// Judges up to kRows rows. Holds its buffers: one per thread. Allocates nothing.
template <std::size_t kRows>
class Judge {
  static_assert(kRows % kLanes == 0);

 public:
  Judge(const TrueClassTables& tables, double temperature)
      : tables_(tables), temperature_(temperature) {}

  // Requires checked rows and labels, and 0 < count <= kRows.
  template <typename T>
  void weigh(const T* const* rows, const std::int64_t* given, std::size_t count) {
    rows_ = {count, given, lists_.data(), weights_.data()};
    rows_.shortlist(rows, tables_);
    rows_.weigh(rows, tables_, true);
    const TileKernels& kernels = active_kernels().tiles;
    kernels.log_tiles(weights_.data(), count, tables_.width(), weights_.data());
    kernels.temper_tiles(weights_.data(), count, tables_.width(), temperature_, weights_.data());
    rows_.label_rates(tables_, rates_.data());
  }

  // Calls body(i, LabelPosterior) for the rows weighed last.
  template <typename Body>
  void judge(const Body& body) {
    std::array<double, kRows> own_slot, score, error, best, best_slot;
    for (std::size_t i = 0; i < padded(rows_.count); ++i)
      own_slot[i] = static_cast<double>(slot_of_given(std::min(i, rows_.count - 1)));
    active_kernels().tiles.judge_tiles(weights_.data(), rates_.data(), own_slot.data(), rows_.count,
                                       tables_.width(),
                                       {score.data(), error.data(), best.data(), best_slot.data()});
    for (std::size_t i = 0; i < rows_.count; ++i) {
      if (best[i] < 0.0) {  // there is one class only
        body(i, LabelPosterior{1.0, 0.0, rows_.given[i], 1.0});
        continue;
      }
      const auto slot = static_cast<std::size_t>(best_slot[i]);
      body(i, LabelPosterior{score[i], error[i],
                             static_cast<std::int64_t>(rows_.class_of(tables_, i, slot)), best[i]});
    }
  }

  // Writes row i's probabilities of its true class, by class.
  void write_probs(std::size_t i, std::span<double> out) const {
    const std::size_t width = tables_.width();
    std::fill(out.begin(), out.end(), 0.0);
    double sum = 0.0;
    for (std::size_t z = 0; z < width; ++z) {
      const std::size_t at = tile_index(i, z, width);
      double& q = out[rows_.class_of(tables_, i, z)];
      q = weights_[at] * rates_[at];
      sum += q;
    }
    if (sum > 0.0) {
      for (std::size_t z = 0; z < width; ++z) out[rows_.class_of(tables_, i, z)] /= sum;
    } else {
      out[static_cast<std::size_t>(rows_.given[i])] = 1.0;  // the label is believed
    }
  }

 private:
  [[nodiscard]] std::size_t slot_of_given(std::size_t i) const {
    const auto label = static_cast<std::size_t>(rows_.given[i]);
    if (!tables_.listed()) return label;
    std::size_t z = 0;
    while (z + 1 < kShortlist && rows_.class_of(tables_, i, z) != label) ++z;
    return z;
  }

  const TrueClassTables& tables_;
  double temperature_;
  TrueClassRows rows_{};
  std::array<std::uint32_t, kRows * kShortlist> lists_;
  std::array<double, kRows * kShortlist> weights_;
  std::array<double, kRows * kShortlist> rates_;
};

}  // namespace cupel
