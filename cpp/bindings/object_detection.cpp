#include "cupel/object_detection.hpp"

#include <optional>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

// Arrays of one side of the images; keeps them alive.
struct Side {
  Vector<double> values;
  Vector<std::int64_t> classes, offsets;

  [[nodiscard]] BoxesView boxes() const { return {view(values), view(classes), view(offsets)}; }
};

// Takes item `at` of the tuple if it is exactly such an array.
template <typename T>
Vector<T> exact(const py::tuple& arrays, std::size_t at) {
  const py::object array = arrays[at];
  if (!py::isinstance<Vector<T>>(array))
    throw py::type_error("the core takes contiguous float64 boxes, int64 classes and offsets");
  return py::reinterpret_borrow<Vector<T>>(array);
}

// (values, classes, offsets) of labels, then of predictions.
struct Sides {
  Side given, predicted;

  explicit Sides(const py::tuple& arrays) {
    if (arrays.size() != 6) throw py::type_error("the core takes two times three arrays");
    given = {exact<double>(arrays, 0), exact<std::int64_t>(arrays, 1),
             exact<std::int64_t>(arrays, 2)};
    predicted = {exact<double>(arrays, 3), exact<std::int64_t>(arrays, 4),
                 exact<std::int64_t>(arrays, 5)};
  }
  [[nodiscard]] Detections detections() const { return {given.boxes(), predicted.boxes()}; }
};

template <typename T>
Vector<T> vector_from(const std::vector<T>& values) {
  return vector_of(std::span<const T>(values));
}

template <typename T>
Vector<T> matrix_from(const std::vector<T>& values, std::size_t rows, std::size_t cols) {
  return Vector<T>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(cols)}, values.data());
}

using Optional = std::optional<Vector<double>>;

std::span<const double> view_or_empty(const Optional& array) {
  return array ? view(*array) : std::span<const double>{};
}

py::tuple similarities(const py::tuple& arrays, double alpha, std::size_t threads) {
  const Execution run = execution(threads);
  const Sides sides(arrays);
  const Detections detections = sides.detections();
  Vector<double> iou(static_cast<py::ssize_t>(detections.pairs()));
  Vector<double> similarity(static_cast<py::ssize_t>(detections.pairs()));
  {
    const auto i = mutable_view(iou), s = mutable_view(similarity);
    const py::gil_scoped_release release;
    box_similarities(detections, alpha, run, i, s);
  }
  return py::make_tuple(iou, similarity);
}

py::tuple scores(const py::tuple& arrays, double alpha, double low_probability,
                 double high_probability, bool overlapping_label_check, const Optional& iou,
                 const Optional& similarity, const Optional& floors, std::size_t threads) {
  const Execution run = execution(threads);
  const Sides sides(arrays);
  const BoxScoreOptions options{alpha, low_probability, high_probability, overlapping_label_check};
  const GivenSimilarities known{view_or_empty(iou), view_or_empty(similarity),
                                view_or_empty(floors)};
  BoxScores out;
  {
    const py::gil_scoped_release release;
    out = box_scores(sides.detections(), options, known, run);
  }
  return py::make_tuple(vector_from(out.overlooked), vector_from(out.badloc), vector_from(out.swap),
                        out.floor);
}

Vector<double> pool(const Vector<double>& box_scores, const Vector<std::int64_t>& offsets,
                    double temperature, std::size_t threads) {
  const Execution run = execution(threads);
  if (offsets.size() == 0) throw std::invalid_argument("offsets are empty");
  Vector<double> out(offsets.size() - 1);
  {
    const auto s = view(box_scores);
    const auto begins = view(offsets);
    const auto o = mutable_view(out);
    const py::gil_scoped_release release;
    pool_box_scores(s, begins, temperature, run, o);
  }
  return out;
}

py::tuple metrics(const py::tuple& arrays, std::size_t classes, std::size_t threads) {
  const Execution run = execution(threads);
  const Sides sides(arrays);
  ClassMetrics out;
  {
    const py::gil_scoped_release release;
    out = class_metrics(sides.detections(), classes, run);
  }
  return py::make_tuple(matrix_from(out.true_positives, kIouThresholds, classes),
                        matrix_from(out.average_precision, kIouThresholds, classes),
                        vector_from(out.given), vector_from(out.predicted));
}

}  // namespace

void bind_object_detection(py::module_& m) {
  m.def("box_similarities", &similarities, py::arg("boxes"), py::arg("alpha"), py::arg("threads"));
  m.def("box_scores", &scores, py::arg("boxes"), py::arg("alpha"), py::arg("low_probability"),
        py::arg("high_probability"), py::arg("overlapping_label_check"), py::arg("iou").noconvert(),
        py::arg("similarity").noconvert(), py::arg("floors").noconvert(), py::arg("threads"));
  m.def("pool_box_scores", &pool, py::arg("scores").noconvert(), py::arg("offsets").noconvert(),
        py::arg("temperature"), py::arg("threads"));
  m.def("class_metrics", &metrics, py::arg("boxes"), py::arg("classes"), py::arg("threads"));
}

}  // namespace cupel::bindings
