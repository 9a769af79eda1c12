#include "cupel/posterior.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

NoiseModel model_of(const Vector<double>& thresholds, const Vector<double>& noise_matrix,
                    double temperature) {
  const auto t = view(thresholds);
  return {{t.begin(), t.end()}, square_of(noise_matrix), temperature};
}

py::tuple fit(const py::array& labels, const py::array& probs, const Vector<double>& thresholds,
              const Vector<double>& joint, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  const SquareMatrix<double> counts = square_of(joint);
  NoiseModel model = visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    return fit_noise_model(p, y, view(thresholds), counts, run);
  });
  return py::make_tuple(vector_of<double>(model.thresholds),
                        array_of(std::move(model.noise_matrix)), model.temperature);
}

py::tuple posteriors(const py::array& labels, const py::array& probs,
                     const Vector<double>& thresholds, const Vector<double>& noise_matrix,
                     double temperature, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  const NoiseModel model = model_of(thresholds, noise_matrix, temperature);
  const py::ssize_t n = probs.shape(0);
  py::array_t<double> scores(n);
  py::array_t<double> errors(n);
  py::array_t<std::int64_t> suggested(n);
  py::array_t<double> suggested_probs(n);
  const LabelPosteriorsOut out{mutable_view(scores), mutable_view(errors), mutable_view(suggested),
                               mutable_view(suggested_probs)};
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    label_posteriors(p, y, model, run, out);
  });
  return py::make_tuple(scores, errors, suggested, suggested_probs);
}

py::array_t<double> true_probs(const py::array& labels, const py::array& probs,
                               const Vector<double>& thresholds, const Vector<double>& noise_matrix,
                               double temperature, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  const NoiseModel model = model_of(thresholds, noise_matrix, temperature);
  py::array_t<double> q({probs.shape(0), probs.shape(1)});
  const auto out = mutable_view(q);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    true_label_probs(p, y, model, run, out);
  });
  return q;
}

py::tuple errors_by_class(const py::array& labels, const Vector<double>& error_probability,
                          std::size_t classes) {
  const Execution run = execution(1);
  const LabelsView y = view_labels(labels);
  if (static_cast<std::size_t>(error_probability.size()) != y.size)
    throw std::invalid_argument("one error probability per label, please");
  ExpectedErrors found;
  {
    const py::gil_scoped_release release;
    found = expected_errors(view(error_probability), y, classes, run);
  }
  return py::make_tuple(vector_of<double>(found.by_class),
                        vector_of<double>(found.variance_by_class));
}

}  // namespace

void bind_posterior(py::module_& m) {
  m.def("fit_noise_model", &fit, py::arg("labels"), py::arg("pred_probs"),
        py::arg("thresholds").noconvert(), py::arg("confident_joint").noconvert(),
        py::arg("threads"));
  m.def("label_posteriors", &posteriors, py::arg("labels"), py::arg("pred_probs"),
        py::arg("thresholds").noconvert(), py::arg("noise_matrix").noconvert(),
        py::arg("temperature"), py::arg("threads"));
  m.def("true_label_probs", &true_probs, py::arg("labels"), py::arg("pred_probs"),
        py::arg("thresholds").noconvert(), py::arg("noise_matrix").noconvert(),
        py::arg("temperature"), py::arg("threads"));
  m.def("expected_errors", &errors_by_class, py::arg("labels"),
        py::arg("error_probability").noconvert(), py::arg("classes"));
}

}  // namespace cupel::bindings
