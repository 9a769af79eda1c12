#include "cupel/scorer.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

Scorer make(const Vector<double>& thresholds, bool of_matrix_type, int method, bool adjust,
            bool argmax_of_confident) {
  const auto t = view(thresholds);
  return {Thresholds{{t.begin(), t.end()}, of_matrix_type}, static_cast<ScoreMethod>(method),
          adjust, argmax_of_confident ? Collision::kConfident : Collision::kArgmax};
}

Scorer make_posterior(const Vector<double>& scale, const Vector<double>& noise_matrix,
                      double temperature, const Vector<double>& thresholds, bool of_matrix_type,
                      bool argmax_of_confident) {
  const auto s = view(scale);
  const auto t = view(thresholds);
  return {NoiseModel{{s.begin(), s.end()}, square_of(noise_matrix), temperature},
          Thresholds{{t.begin(), t.end()}, of_matrix_type},
          argmax_of_confident ? Collision::kConfident : Collision::kArgmax};
}

// Calls f with the row's values, contiguous and of the scorer's length; TypeError otherwise. The
// GIL stays held: a row takes less time than releasing it.
template <typename F>
auto visit_row(const Scorer& scorer, const py::array& row, const F& f) {
  const py::dtype dtype = row.dtype();
  const int number = dtype.num();
  if ((number != kNumpyHalf && number != kNumpyFloat && number != kNumpyDouble) ||
      !is_native(dtype))
    throw py::type_error("the core scores native float16, float32 or float64 rows only");
  const bool contiguous =
      row.ndim() == 1 && (row.shape(0) <= 1 || row.strides(0) == row.itemsize()) &&
      reinterpret_cast<std::uintptr_t>(row.data()) % static_cast<std::uintptr_t>(row.itemsize()) ==
          0;
  if (!contiguous) throw py::type_error("the core scores contiguous rows only");
  if (static_cast<std::size_t>(row.size()) != scorer.classes())
    throw std::invalid_argument(
        "pred_probs has " + std::to_string(row.size()) +
        " values, expected one per class: " + std::to_string(scorer.classes()));
  switch (number) {
    case kNumpyHalf:
      return f(static_cast<const Half*>(row.data()));
    case kNumpyFloat:
      return f(static_cast<const float*>(row.data()));
    default:
      return f(static_cast<const double*>(row.data()));
  }
}

double score(const Scorer& scorer, std::int64_t label, const py::array& row) {
  return visit_row(scorer, row, [&](const auto* p) { return scorer.score(p, label); });
}

py::tuple check(const Scorer& scorer, std::int64_t label, const py::array& row) {
  const Verdict v = visit_row(scorer, row, [&](const auto* p) { return scorer.check(p, label); });
  return py::make_tuple(v.score, v.is_label_issue, v.suggested_label, v.confident_class);
}

}  // namespace

void bind_scorer(py::module_& m) {
  py::class_<Scorer>(m, "Scorer")
      .def(py::init(&make), py::arg("thresholds").noconvert(), py::arg("of_matrix_type"),
           py::arg("method"), py::arg("adjust"), py::arg("argmax_of_confident"))
      .def(py::init(&make_posterior), py::arg("scale").noconvert(),
           py::arg("noise_matrix").noconvert(), py::arg("temperature"),
           py::arg("thresholds").noconvert(), py::arg("of_matrix_type"),
           py::arg("argmax_of_confident"))
      .def("score", &score, py::arg("label"), py::arg("pred_probs"))
      .def("check", &check, py::arg("label"), py::arg("pred_probs"));
}

}  // namespace cupel::bindings
