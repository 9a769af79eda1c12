#include "cupel/rank.hpp"

#include <optional>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

// An uninitialised vector of the storage type T.
template <typename T>
py::array empty(std::size_t n) {
  const auto size = static_cast<py::ssize_t>(n);
  if constexpr (std::is_same_v<T, Half>)
    return py::array(py::dtype(kNumpyHalf), std::vector<py::ssize_t>{size});
  else
    return py::array_t<T>(size);
}

template <typename T, typename Out>
py::array scores_as(const MatrixView<T>& probs, const LabelsView& labels, ScoreMethod method,
                    const Thresholds* adjust, std::span<const std::int64_t> rows, bool subset,
                    const Execution& run) {
  py::array out = empty<Out>(subset ? rows.size() : probs.rows);
  const std::span<Out> o{static_cast<Out*>(out.mutable_data()),
                         static_cast<std::size_t>(out.size())};
  if (!o.empty()) {
    const py::gil_scoped_release release;
    if (subset)
      label_quality_scores_of_rows<T, Out>(probs, labels, method, adjust, rows, run, o);
    else
      label_quality_scores<T, Out>(probs, labels, method, adjust, run, o);
  }
  return out;
}

py::array scores(const py::array& labels, const py::array& probs, int method,
                 const std::optional<Vector<double>>& thresholds, bool of_matrix_type,
                 const std::optional<Vector<std::int64_t>>& rows, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  Thresholds adjust{{}, of_matrix_type};
  if (thresholds) {
    if (thresholds->size() != probs.shape(1))
      throw std::invalid_argument("one threshold per class, please");
    const auto t = view(*thresholds);
    adjust.values.assign(t.begin(), t.end());
  }
  const Thresholds* shift = thresholds ? &adjust : nullptr;
  const auto by = static_cast<ScoreMethod>(method);
  const std::span<const std::int64_t> subset = rows ? view(*rows) : std::span<const std::int64_t>{};
  for (const std::int64_t row : subset)
    if (row < 0 || static_cast<std::uint64_t>(row) >= y.size)
      throw std::invalid_argument("a row number is out of range");
  return visit(probs, [&]<typename T>(const MatrixView<T>& p) {
    return scores_are_double<T>(by, shift)
               ? scores_as<T, double>(p, y, by, shift, subset, rows.has_value(), run)
               : scores_as<T, T>(p, y, by, shift, subset, rows.has_value(), run);
  });
}

template <typename T>
py::array_t<std::int64_t> order_as(const py::array& values, std::size_t count) {
  py::array_t<std::int64_t> out(static_cast<py::ssize_t>(count));
  const std::span<const T> v{static_cast<const T*>(values.data()),
                             static_cast<std::size_t>(values.size())};
  const std::span<std::int64_t> o{out.mutable_data(), count};
  const Execution run = execution(1);
  {
    const py::gil_scoped_release release;
    lowest_first<T>(v, run, o);
  }
  return out;
}

py::array_t<std::int64_t> order(const py::array& values, std::size_t count) {
  if (values.ndim() != 1 || (values.size() > 1 && values.strides(0) != values.itemsize()))
    throw py::type_error("the core orders contiguous vectors only");
  if (count > static_cast<std::size_t>(values.size()))
    throw std::invalid_argument("count exceeds the scores");
  switch (values.dtype().num()) {
    case kNumpyHalf:
      return order_as<Half>(values, count);
    case kNumpyFloat:
      return order_as<float>(values, count);
    case kNumpyDouble:
      return order_as<double>(values, count);
    default:
      throw py::type_error("the core orders float16, float32 or float64 only");
  }
}

double loss(const py::array& labels, const py::array& probs, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  return visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    return log_loss(p, y, run);
  });
}

}  // namespace

void bind_rank(py::module_& m) {
  m.def("label_quality_scores", &scores, py::arg("labels"), py::arg("pred_probs"),
        py::arg("method"), py::arg("thresholds").noconvert(), py::arg("of_matrix_type"),
        py::arg("rows").noconvert(), py::arg("threads"));
  m.def("lowest_first", &order, py::arg("scores"), py::arg("count"));
  m.def("log_loss", &loss, py::arg("labels"), py::arg("pred_probs"), py::arg("threads"));
}

}  // namespace cupel::bindings
