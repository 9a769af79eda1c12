#include "cupel/count.hpp"

#include "bindings/arrays.hpp"
#include "cupel/checks.hpp"
#include "cupel/latent.hpp"

namespace cupel::bindings {
namespace {

void check(const py::array& probs, std::size_t threads) {
  const Execution run = execution(threads);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    check_probabilities(p, run);
  });
}

py::array_t<bool> finite(const py::array& probs, std::size_t threads) {
  const Execution run = execution(threads);
  py::array_t<bool> out(probs.shape(0));
  const auto mask = bytes_of(out);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    finite_rows(p, run, mask);
  });
  return out;
}

py::tuple thresholds(const py::array& labels, const py::array& probs, bool check_all,
                     std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  return visit(probs, [&]<typename T>(const MatrixView<T>& p) {
    Thresholds found;
    std::vector<std::int64_t> counts;
    {
      const py::gil_scoped_release release;
      ThresholdAccumulator sums(p.cols);
      sums.update(p, y, run, check_all);
      found = sums.finish<T>();
      counts = sums.label_counts();
    }
    return py::make_tuple(vector_of<double>(found.values), found.of_matrix_type,
                          vector_of<std::int64_t>(counts));
  });
}

py::tuple joint(const py::array& labels, const py::array& probs, const Vector<double>& values,
                bool of_matrix_type, bool argmax_of_confident, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  if (values.size() != probs.shape(1))
    throw std::invalid_argument("one threshold per class, please");
  const auto t = view(values);
  Vector<std::uint8_t> flags(probs.shape(0));
  const auto f = mutable_view(flags);
  return visit(probs, [&]<typename T>(const MatrixView<T>& p) {
    SquareMatrix<std::int64_t> counts;
    {
      const py::gil_scoped_release release;
      ConfidentJointAccumulator accumulator(
          {{t.begin(), t.end()}, of_matrix_type},
          argmax_of_confident ? Collision::kConfident : Collision::kArgmax);
      accumulator.update(p, y, run, f);
      counts = std::move(accumulator).finish();
      raise_diagonal(counts);
    }
    return py::make_tuple(array_of(std::move(counts)), flags);
  });
}

py::array_t<std::int64_t> largest(const py::array& probs, std::size_t threads) {
  const Execution run = execution(threads);
  py::array_t<std::int64_t> out(probs.shape(0));
  const std::span<std::int64_t> o{out.mutable_data(), static_cast<std::size_t>(out.size())};
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    argmax(p, run, o);
  });
  return out;
}

// Accepts counts as int64 or as double.
template <typename V>
py::tuple calibrate(const Vector<V>& matrix, const Vector<std::int64_t>& counts) {
  SquareMatrix<V> c = square_of(matrix);
  if (static_cast<std::size_t>(counts.size()) != c.size)
    throw std::invalid_argument("one label count per class, please");
  const auto n = view(counts);
  CalibratedJoint calibrated = [&] {
    const py::gil_scoped_release release;
    return calibrate_confident_joint(std::move(c), n);
  }();
  const std::vector<std::int64_t> tied(calibrated.tied.begin(), calibrated.tied.end());
  return py::make_tuple(array_of(std::move(calibrated.joint)), calibrated.total,
                        vector_of<std::int64_t>(tied));
}

py::tuple latent(const Vector<double>& matrix, const Vector<std::int64_t>& counts, int method,
                 bool converge) {
  const SquareMatrix<double> c = square_of(matrix);
  if (static_cast<std::size_t>(counts.size()) != c.size)
    throw std::invalid_argument("one label count per class, please");
  const auto n = view(counts);
  LatentEstimates e = [&] {
    const py::gil_scoped_release release;
    return estimate_latent(c, n, static_cast<PriorMethod>(method), converge);
  }();
  return py::make_tuple(vector_of<double>(e.prior), array_of(std::move(e.noise_matrix)),
                        array_of(std::move(e.inverse_matrix)));
}

}  // namespace

void bind_count(py::module_& m) {
  m.def("check_probabilities", &check, py::arg("pred_probs"), py::arg("threads"));
  m.def("finite_rows", &finite, py::arg("pred_probs"), py::arg("threads"));
  m.def("class_thresholds", &thresholds, py::arg("labels"), py::arg("pred_probs"),
        py::arg("check_all"), py::arg("threads"));
  m.def("confident_joint", &joint, py::arg("labels"), py::arg("pred_probs"),
        py::arg("thresholds").noconvert(), py::arg("of_matrix_type"),
        py::arg("argmax_of_confident"), py::arg("threads"));
  m.def("argmax", &largest, py::arg("pred_probs"), py::arg("threads"));
  m.def("calibrate_confident_joint", &calibrate<std::int64_t>,
        py::arg("confident_joint").noconvert(), py::arg("label_counts").noconvert());
  m.def("calibrate_confident_joint", &calibrate<double>, py::arg("confident_joint").noconvert(),
        py::arg("label_counts").noconvert());
  m.def("estimate_latent", &latent, py::arg("confident_joint").noconvert(),
        py::arg("label_counts").noconvert(), py::arg("py_method"), py::arg("converge"));
}

}  // namespace cupel::bindings
