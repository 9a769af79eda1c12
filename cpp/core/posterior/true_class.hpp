// A noise model as the kernels read it, and the true classes of rows in tiles.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cpu.hpp"
#include "cupel/posterior.hpp"

namespace cupel {

// Thresholds and noise as the kernels read them. Refers to `noise`, which must outlive it; it may
// be empty where nothing is unmixed. Immutable, so safe from any number of threads.
class TrueClassTables {
 public:
  TrueClassTables(std::span<const double> thresholds, const SquareMatrix<double>& noise)
      : classes_(thresholds.size()), noise_(noise), inverse_thresholds_(padded(classes_)) {
    std::transform(thresholds.begin(), thresholds.end(), inverse_thresholds_.begin(),
                   [](double t) { return 1.0 / t; });
  }

  [[nodiscard]] std::size_t width() const { return std::min(classes_, kShortlist); }
  [[nodiscard]] bool listed() const { return classes_ > kShortlist; }
  [[nodiscard]] TrueClassModel model() const {
    return {classes_, inverse_thresholds_.data(), noise_.values.data()};
  }
  [[nodiscard]] double rate(std::size_t given, std::size_t z) const { return noise_(given, z); }

 private:
  std::size_t classes_;
  const SquareMatrix<double>& noise_;
  std::vector<double> inverse_thresholds_;
};

// Some rows: their given classes, their shortlists if there are more than kShortlist classes, and
// the weights of their true classes in tiles. Memory that the caller provides.
struct TrueClassRows {
  std::size_t count;
  const std::int64_t* given;
  std::uint32_t* lists;  // kShortlist to a row
  double* weights;       // tiles

  [[nodiscard]] std::size_t class_of(const TrueClassTables& tables, std::size_t row,
                                     std::size_t slot) const {
    return tables.listed() ? lists[row * kShortlist + slot] : slot;
  }

  // Sets the shortlists, which depend on the thresholds only; nothing with up to kShortlist
  // classes.
  template <typename T>
  void shortlist(const T* const* rows, const TrueClassTables& tables) const {
    const KernelsOf<T>& kernels = kernels_of<T>();
    const TrueClassModel model = tables.model();
    for (std::size_t i = 0; tables.listed() && i < count; ++i)
      kernels.shortlist(rows[i], model.classes, model.inverse_thresholds, given[i],
                        lists + i * kShortlist);
  }

  // Sets the weights from the rows' probabilities.
  template <typename T>
  void weigh(const T* const* rows, const TrueClassTables& tables, bool unmix) const {
    kernels_of<T>().true_class_rows(rows, count, tables.model(), unmix, lists, weights);
  }

  // rates[tile] = how often each slot's class is labelled as the row is.
  void label_rates(const TrueClassTables& tables, double* rates) const {
    const std::size_t width = tables.width();
    for (std::size_t i = 0; i < padded(count); ++i) {
      const std::size_t row = std::min(i, count - 1);
      const auto label = static_cast<std::size_t>(given[row]);
      for (std::size_t z = 0; z < width; ++z)
        rates[tile_index(i, z, width)] = tables.rate(label, class_of(tables, row, z));
    }
  }
};

}  // namespace cupel
