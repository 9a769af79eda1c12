#include "cupel/multiannotator.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

using Doubles = Vector<double>;
using Classes = Vector<std::int64_t>;

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

template <typename T>
py::array_t<T> vector(std::size_t size) {
  return py::array_t<T>(static_cast<py::ssize_t>(size));
}

py::array_t<double> matrix(std::size_t rows, std::size_t cols) {
  return py::array_t<double>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(cols)});
}

Annotations make(const py::array_t<double>& labels, std::size_t threads) {
  constexpr auto item = static_cast<py::ssize_t>(sizeof(double));
  require(labels.ndim() == 2, "labels must be a matrix");
  require(labels.strides(0) % item == 0 && labels.strides(1) % item == 0 &&
              reinterpret_cast<std::uintptr_t>(labels.data()) % sizeof(double) == 0,
          "labels must be aligned");
  const WideLabels wide{labels.data(), static_cast<std::size_t>(labels.shape(0)),
                        static_cast<std::size_t>(labels.shape(1)), labels.strides(0) / item,
                        labels.strides(1) / item};
  const Execution run = execution(threads);
  const py::gil_scoped_release release;
  return {wide, run};
}

// Throws unless the matrix has a row per example and a column for every label.
Probabilities probabilities_for(const Annotations& a, const py::array& probs) {
  require_readable(probs);
  require(probs.dtype().num() == kNumpyDouble, "pred_probs must be float64");
  const auto p = view_as<double>(probs);
  require(p.rows == a.rows(), "pred_probs and labels differ in length");
  require(p.cols >= a.class_totals().size(), "pred_probs has too few columns");
  return p;
}

std::vector<Probabilities> models_for(const Annotations& a, const std::vector<py::array>& models,
                                      std::size_t classes) {
  std::vector<Probabilities> views;
  for (const py::array& probs : models) {
    views.push_back(probabilities_for(a, probs));
    require(views.back().cols == classes, "models differ in their classes");
  }
  return views;
}

void require_classes(const Annotations& a, std::size_t classes) {
  require(classes >= a.class_totals().size(), "a label is out of range");
}

template <typename T>
void require_size(const Vector<T>& values, std::size_t size) {
  require(static_cast<std::size_t>(values.size()) == size, "a vector has the wrong length");
}

py::array_t<std::int64_t> label_counts(const Annotations& a, bool by_annotator) {
  auto out = vector<std::int64_t>(by_annotator ? a.annotators() : a.rows());
  const auto o = mutable_view(out);
  for (std::size_t i = 0; i < o.size(); ++i)
    o[i] = static_cast<std::int64_t>(by_annotator ? a.labels_by(i) : a.labels_of(i));
  return out;
}

py::tuple of_annotator(const Annotations& a, std::size_t j) {
  require(j < a.annotators(), "an annotator is out of range");
  const auto labels = a.of_annotator(j);
  auto rows = vector<std::int64_t>(labels.size());
  auto classes = vector<std::int64_t>(labels.size());
  const auto r = mutable_view(rows);
  const auto k = mutable_view(classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    r[i] = labels[i].of;
    k[i] = labels[i].label;
  }
  return py::make_tuple(rows, classes);
}

py::tuple vote(const Annotations& a, const std::optional<py::array>& probs, std::size_t classes,
               std::size_t threads) {
  const Execution run = execution(threads);
  require_classes(a, classes);
  Probabilities p;
  if (probs) p = probabilities_for(a, *probs);
  require(!probs || p.cols == classes, "pred_probs has the wrong number of columns");
  auto out = vector<std::int64_t>(a.rows());
  OpenVotes open;
  {
    const py::gil_scoped_release release;
    open = majority_vote(a, probs ? &p : nullptr, classes, run, mutable_view(out));
  }
  return py::make_tuple(out, vector_of<std::int64_t>(open.rows), vector_of<std::size_t>(open.begin),
                        vector_of<std::int64_t>(open.classes));
}

py::tuple peers(const Annotations& a, std::size_t threads) {
  const Execution run = execution(threads);
  PeerAgreement agreement;
  {
    const py::gil_scoped_release release;
    agreement = peer_agreement(a, a.class_totals().size(), run);
  }
  return py::make_tuple(vector_of<std::int64_t>(agreement.same),
                        vector_of<std::int64_t>(agreement.others));
}

py::tuple fit(const Annotations& a, const std::vector<py::array>& models, const Classes& consensus,
              std::size_t classes, std::size_t threads) {
  const Execution run = execution(threads);
  require_classes(a, classes);
  require_size(consensus, a.rows());
  const auto views = models_for(a, models, classes);
  auto agreement = vector<double>(a.rows());
  ConsensusFit found;
  {
    const py::gil_scoped_release release;
    found = fit_consensus(a, views, view(consensus), classes, run, mutable_view(agreement));
  }
  return py::make_tuple(agreement, found.agreement, found.examples,
                        vector_of<std::int64_t>(found.class_counts),
                        vector_of<std::int64_t>(found.model_mismatches));
}

py::array_t<double> posterior(const Annotations& a, const std::vector<py::array>& models,
                              const Doubles& annotator_weights, const Doubles& model_weights,
                              double right, double wrong, std::size_t threads) {
  const Execution run = execution(threads);
  require(!models.empty(), "there is no model");
  require_size(annotator_weights, a.annotators());
  require_size(model_weights, models.size());
  require_readable(models[0]);
  const auto classes = static_cast<std::size_t>(models[0].shape(1));
  const auto views = models_for(a, models, classes);
  auto out = matrix(a.rows(), classes);
  const py::gil_scoped_release release;
  crowd_posterior(a, views, {view(annotator_weights), view(model_weights), right, wrong}, classes,
                  run, mutable_view(out));
  return out;
}

ShareLayout layout_of(bool packed) { return packed ? ShareLayout::kPacked : ShareLayout::kByClass; }

py::array_t<double> shares(const Annotations& a, std::size_t classes, bool packed,
                           std::size_t threads) {
  const Execution run = execution(threads);
  require_classes(a, classes);
  auto out = matrix(a.rows(), classes);
  const py::gil_scoped_release release;
  label_shares(a, classes, layout_of(packed), run, mutable_view(out));
  return out;
}

double temperature(const Annotations& a, const py::array& probs, bool packed, std::size_t threads) {
  const Execution run = execution(threads);
  const Probabilities p = probabilities_for(a, probs);
  const py::gil_scoped_release release;
  return best_temperature(a, p, layout_of(packed), run);
}

py::array_t<double> weight_sums(const Annotations& a, const Doubles& weights, std::size_t threads) {
  const Execution run = execution(threads);
  require_size(weights, a.annotators());
  auto out = vector<double>(a.rows());
  const py::gil_scoped_release release;
  annotator_weight_sums(a, view(weights), run, mutable_view(out));
  return out;
}

py::array_t<double> scores_of_labels(const Annotations& a, const py::array& probs,
                                     std::size_t threads) {
  const Execution run = execution(threads);
  const Probabilities p = probabilities_for(a, probs);
  auto out = vector<double>(a.size());
  const py::gil_scoped_release release;
  label_scores(a, p, run, mutable_view(out));
  return out;
}

// A matrix with a row per example, in Fortran order, as pandas keeps frames.
py::array_t<double, py::array::f_style> spread(const Annotations& a, const Doubles& scores,
                                               std::size_t threads) {
  const Execution run = execution(threads);
  require_size(scores, a.size());
  py::array_t<double, py::array::f_style> out(
      {static_cast<py::ssize_t>(a.rows()), static_cast<py::ssize_t>(a.annotators())});
  const std::span<double> o = mutable_view(out);
  const py::gil_scoped_release release;
  spread_scores(a, view(scores), run, o);
  return out;
}

py::tuple summarize(const Annotations& a, const Classes& consensus, const Doubles& quality,
                    const Doubles& scores, std::size_t classes, std::size_t threads) {
  const Execution run = execution(threads);
  require_classes(a, classes);
  require_size(consensus, a.rows());
  require_size(quality, a.rows());
  require_size(scores, a.size());
  const std::size_t n = a.annotators();
  auto mean_score = vector<double>(n);
  auto agreement = vector<double>(n);
  auto shared_agreement = vector<double>(n);
  auto worst_class = vector<std::int64_t>(n);
  {
    const py::gil_scoped_release release;
    summarize_annotators(a, view(consensus), view(quality), view(scores), classes, run,
                         {mutable_view(mean_score), mutable_view(agreement),
                          mutable_view(shared_agreement), mutable_view(worst_class)});
  }
  return py::make_tuple(mean_score, agreement, shared_agreement, worst_class);
}

py::array_t<std::int64_t> leading(const py::array& probs, const Classes& fallback,
                                  std::size_t threads) {
  const Execution run = execution(threads);
  require_readable(probs);
  require(probs.dtype().num() == kNumpyDouble && probs.shape(1) > 0, "expected float64 rows");
  const auto p = view_as<double>(probs);
  require_size(fallback, p.rows);
  auto out = vector<std::int64_t>(p.rows);
  const py::gil_scoped_release release;
  leading_classes(p, view(fallback), run, mutable_view(out));
  return out;
}

py::array_t<double> tempered(const py::array& probs, double at, std::size_t threads) {
  const Execution run = execution(threads);
  require_readable(probs);
  require(probs.dtype().num() == kNumpyDouble, "expected float64 rows");
  const auto p = view_as<double>(probs);
  auto out = matrix(p.rows, p.cols);
  const py::gil_scoped_release release;
  temper(p, at, run, mutable_view(out));
  return out;
}

}  // namespace

void bind_multiannotator(py::module_& m) {
  py::class_<Annotations>(m, "Annotations")
      .def(py::init(&make), py::arg("labels").noconvert(), py::arg("threads"))
      .def_property_readonly("n_classes",
                             [](const Annotations& a) { return a.class_totals().size(); })
      .def("class_totals",
           [](const Annotations& a) { return vector_of<std::int64_t>(a.class_totals()); })
      .def("label_counts", &label_counts, py::arg("by_annotator"))
      .def("of_annotator", &of_annotator, py::arg("annotator"))
      .def("majority_vote", &vote, py::arg("pred_probs"), py::arg("n_classes"), py::arg("threads"))
      .def("peer_agreement", &peers, py::arg("threads"))
      .def("fit_consensus", &fit, py::arg("models"), py::arg("consensus").noconvert(),
           py::arg("n_classes"), py::arg("threads"))
      .def("posterior", &posterior, py::arg("models"), py::arg("annotator_weights").noconvert(),
           py::arg("model_weights").noconvert(), py::arg("right"), py::arg("wrong"),
           py::arg("threads"))
      .def("label_shares", &shares, py::arg("n_classes"), py::arg("packed"), py::arg("threads"))
      .def("best_temperature", &temperature, py::arg("pred_probs"), py::arg("packed"),
           py::arg("threads"))
      .def("weight_sums", &weight_sums, py::arg("weights").noconvert(), py::arg("threads"))
      .def("label_scores", &scores_of_labels, py::arg("pred_probs"), py::arg("threads"))
      .def("spread_scores", &spread, py::arg("scores").noconvert(), py::arg("threads"))
      .def("summarize", &summarize, py::arg("consensus").noconvert(),
           py::arg("quality").noconvert(), py::arg("scores").noconvert(), py::arg("n_classes"),
           py::arg("threads"));
  m.def("leading_classes", &leading, py::arg("pred_probs"), py::arg("fallback").noconvert(),
        py::arg("threads"));
  m.def("temper", &tempered, py::arg("pred_probs"), py::arg("temperature"), py::arg("threads"));
}

}  // namespace cupel::bindings
