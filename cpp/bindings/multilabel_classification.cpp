#include "cupel/multilabel_classification.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

using Bytes = py::array_t<std::uint8_t, py::array::c_style>;
using Shape = std::vector<py::ssize_t>;

#ifdef Py_GIL_DISABLED
// Kept alive while it is read; null where the list is shorter by now.
using Item = py::object;
Item list_item(PyObject* list, py::ssize_t i) {
  PyObject* item = PyList_GetItemRef(list, i);
  if (item == nullptr) PyErr_Clear();
  return py::reinterpret_steal<py::object>(item);
}
Item tuple_item(PyObject* tuple, py::ssize_t i) {
  return py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(tuple, i));
}
#else
using Item = py::handle;
Item tuple_item(PyObject* tuple, py::ssize_t i) { return PyTuple_GET_ITEM(tuple, i); }
Item list_item(PyObject* list, py::ssize_t i) { return PyList_GET_ITEM(list, i); }
#endif

Item item_of(PyObject* sequence, py::ssize_t i) {
  return PyTuple_Check(sequence) ? tuple_item(sequence, i) : list_item(sequence, i);
}

py::ssize_t size_of(PyObject* sequence) {
  return PyTuple_Check(sequence) ? PyTuple_GET_SIZE(sequence) : PyList_GET_SIZE(sequence);
}

bool is_plain_sequence(PyObject* object) {
  return PyList_CheckExact(object) || PyTuple_CheckExact(object);
}

// Sets to 1 the classes that a list of plain ints names; false if it is anything else.
bool set_classes(PyObject* row, std::span<std::uint8_t> out, std::uint8_t& highest) {
  if (!is_plain_sequence(row)) return false;
  for (py::ssize_t i = 0; i < size_of(row); ++i) {
    const Item item = item_of(row, i);
    if (!item || !PyLong_CheckExact(item.ptr())) return false;
    int overflow = 0;
    const long long label = PyLong_AsLongLongAndOverflow(item.ptr(), &overflow);
    if (overflow != 0 || label < 0 || static_cast<unsigned long long>(label) >= out.size())
      return false;
    out[static_cast<std::size_t>(label)] = 1;
    highest = std::max<std::uint8_t>(highest, label > 1 ? 2 : 1);
  }
  return true;
}

// The 0/1 matrix of lists of classes, or None for anything but plain lists (or tuples) of plain
// ints in range, which the front door reads, or refuses with a reason. The only loop over data in a
// binding: Python objects can be read nowhere else. Holds the GIL and runs no code of the objects.
py::object read_label_lists(const py::object& labels, std::size_t rows, std::size_t classes) {
  PyObject* lists = labels.ptr();
  if (!is_plain_sequence(lists) || static_cast<std::size_t>(size_of(lists)) != rows || rows == 0)
    return py::none();
  Bytes out(Shape{static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(classes)});
  const std::span<std::uint8_t> matrix = mutable_view(out);
  std::fill(matrix.begin(), matrix.end(), std::uint8_t{0});
  std::uint8_t highest = 0;
  bool all_full = true;  // as rows of zeros and ones would be
  for (std::size_t i = 0; i < rows; ++i) {
    const Item row = item_of(lists, static_cast<py::ssize_t>(i));
    if (!row || !set_classes(row.ptr(), matrix.subspan(i * classes, classes), highest))
      return py::none();
    all_full &= static_cast<std::size_t>(size_of(row.ptr())) == classes;
  }
  if (all_full && highest < 2) return py::none();
  return out;
}

std::span<const std::uint8_t> given_of(const Bytes& given, const py::array& probs) {
  require_readable(probs);
  if (given.ndim() != 2 || given.shape(0) != probs.shape(0) || given.shape(1) != probs.shape(1))
    throw std::invalid_argument("labels and pred_probs must have the same shape");
  return view(given);
}

std::span<std::uint8_t> flags_of(Bytes& flags, const py::array& probs) {
  given_of(flags, probs);
  return mutable_view(flags);
}

Bytes like(const py::array& probs) { return Bytes(Shape{probs.shape(0), probs.shape(1)}); }

template <typename T>
py::array_t<T> array_of_shape(const std::vector<T>& values, const Shape& shape) {
  return py::array_t<T>(shape, values.data());
}

py::tuple count(const Bytes& given, const py::array& probs, std::size_t threads) {
  const Execution run = execution(threads);
  const auto answers = given_of(given, probs);
  Bytes flags = like(probs);
  const auto out = mutable_view(flags);
  const AnswerCounts counts = visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    return count_answers(p, answers, run, out);
  });
  const py::ssize_t k = probs.shape(1);
  return py::make_tuple(array_of_shape(counts.joints, {k, 2, 2}),
                        array_of_shape(counts.label_counts, {k, 2}), flags);
}

Bytes other_answers(const Bytes& given, const py::array& probs, double bonus, std::size_t threads) {
  const Execution run = execution(threads);
  const auto answers = given_of(given, probs);
  Bytes flags = like(probs);
  const auto out = mutable_view(flags);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    flag_other_answers(p, answers, bonus, run, out);
  });
  return flags;
}

// The prune methods' numbers for each class.
std::vector<std::int64_t> prune_numbers(std::span<const double> joints,
                                        std::span<const std::int64_t> label_counts,
                                        std::span<const double> num_to_remove,
                                        PruneOptions options) {
  std::vector<std::int64_t> numbers;
  for (std::size_t c = 0; c < label_counts.size() / 2; ++c) {
    SquareMatrix<double> joint(2);
    std::copy_n(joints.begin() + static_cast<std::ptrdiff_t>(4 * c), 4, joint.values.begin());
    if (!num_to_remove.empty()) options.num_to_remove = num_to_remove.subspan(2 * c, 2);
    const auto of_class = prune_counts(joint, label_counts.subspan(2 * c, 2), options);
    numbers.insert(numbers.end(), of_class.values.begin(), of_class.values.end());
  }
  return numbers;
}

void prune(const Bytes& given, const py::array& probs, Bytes flags, const Vector<double>& joints,
           const Vector<std::int64_t>& label_counts, int filter_by, double frac_noise,
           const std::optional<Vector<double>>& num_to_remove, std::int64_t min_examples_per_class,
           std::size_t threads) {
  const Execution run = execution(threads);
  const auto answers = given_of(given, probs);
  const auto out = flags_of(flags, probs);
  const auto cells = 2 * static_cast<std::size_t>(probs.shape(1));
  const auto remove = num_to_remove ? view(*num_to_remove) : std::span<const double>{};
  if (view(joints).size() != 2 * cells || view(label_counts).size() != cells ||
      (num_to_remove && remove.size() != cells))
    throw std::invalid_argument("the counts do not fit the matrix");
  PruneOptions options;
  options.frac_noise = frac_noise;
  options.min_examples_per_class = min_examples_per_class;
  const auto numbers = prune_numbers(view(joints), view(label_counts), remove, options);
  const auto n = view(label_counts);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    prune_answers(p, answers, numbers, n, static_cast<FilterBy>(filter_by), min_examples_per_class,
                  run, out);
  });
}

void lowest(const Bytes& given, const py::array& probs, Bytes flags, int method,
            bool only_candidates, std::size_t threads) {
  const Execution run = execution(threads);
  const auto answers = given_of(given, probs);
  const auto out = flags_of(flags, probs);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    flag_lowest_answers(p, answers, static_cast<ScoreMethod>(method), only_candidates, run, out);
  });
}

void keep(Bytes flags, int wanted, std::size_t threads) {
  const Execution run = execution(threads);
  const auto out = mutable_view(flags);
  const py::gil_scoped_release release;
  keep_flags(static_cast<std::uint8_t>(wanted), run, out);
}

py::array_t<bool> any_of_row(const Bytes& flags, std::size_t threads) {
  const Execution run = execution(threads);
  if (flags.ndim() != 2) throw std::invalid_argument("flags must be a matrix");
  const auto cells = view(flags);
  const auto cols = static_cast<std::size_t>(flags.shape(1));
  py::array_t<bool> mask(flags.shape(0));
  const auto out = bytes_of(mask);
  const py::gil_scoped_release release;
  any_answer(cells, cols, run, out);
  return mask;
}

// Calls f(probs, answers, scoring) with the GIL released; adjusts by the thresholds if asked to.
template <typename F>
void with_scoring(const Bytes& given, const py::array& probs, int method, bool adjust,
                  const Execution& run, const F& f) {
  const auto answers = given_of(given, probs);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    AnswerScoring scoring{static_cast<ScoreMethod>(method), nullptr};
    AnswerCounts thresholds;
    if (adjust) {
      thresholds = answer_thresholds(p, answers, run);
      scoring.adjust = &thresholds;
    }
    f(p, answers, scoring);
  });
}

py::array_t<double> scores_of_answers(const Bytes& given, const py::array& probs, int method,
                                      bool adjust, std::size_t threads) {
  const Execution run = execution(threads);
  py::array_t<double> scores(Shape{probs.shape(0), probs.shape(1)});
  const auto out = mutable_view(scores);
  with_scoring(given, probs, method, adjust, run,
               [&](const auto& p, const auto& answers, const auto& scoring) {
                 answer_scores(p, answers, scoring, run, out);
               });
  return scores;
}

py::array_t<double> scores_of_rows(const Bytes& given, const py::array& probs, int method,
                                   bool adjust, int aggregation, double parameter,
                                   std::size_t threads) {
  const Execution run = execution(threads);
  const Aggregator aggregator{static_cast<Aggregation>(aggregation), parameter};
  py::array_t<double> scores(probs.shape(0));
  const auto out = mutable_view(scores);
  with_scoring(given, probs, method, adjust, run,
               [&](const auto& p, const auto& answers, const auto& scoring) {
                 multilabel_scores(p, answers, scoring, aggregator, run, out);
               });
  return scores;
}

py::array_t<double> aggregated(const py::array_t<double, py::array::c_style>& scores,
                               int aggregation, double parameter, std::size_t threads) {
  const Execution run = execution(threads);
  if (scores.ndim() != 2 || scores.size() == 0)
    throw std::invalid_argument("scores must be a matrix");
  const Aggregator aggregator{static_cast<Aggregation>(aggregation), parameter};
  py::array_t<double> rows(scores.shape(0));
  const auto out = mutable_view(rows);
  const MatrixView<double> matrix = view_as<double>(scores);
  const py::gil_scoped_release release;
  aggregate_scores(matrix, aggregator, run, out);
  return rows;
}

}  // namespace

void bind_multilabel_classification(py::module_& m) {
  const auto labels = py::arg("labels").noconvert();
  const auto flags = py::arg("flags").noconvert();
  m.def("read_label_lists", &read_label_lists, py::arg("labels"), py::arg("rows"),
        py::arg("classes"));
  m.def("count_answers", &count, labels, py::arg("pred_probs"), py::arg("threads"));
  m.def("flag_other_answers", &other_answers, labels, py::arg("pred_probs"), py::arg("bonus"),
        py::arg("threads"));
  m.def("prune_answers", &prune, labels, py::arg("pred_probs"), flags,
        py::arg("confident_joint").noconvert(), py::arg("label_counts").noconvert(),
        py::arg("filter_by"), py::arg("frac_noise"), py::arg("num_to_remove").noconvert(),
        py::arg("min_examples_per_class"), py::arg("threads"));
  m.def("flag_lowest_answers", &lowest, labels, py::arg("pred_probs"), flags, py::arg("method"),
        py::arg("only_candidates"), py::arg("threads"));
  m.def("keep_flags", &keep, flags, py::arg("wanted"), py::arg("threads"));
  m.def("any_answer", &any_of_row, flags, py::arg("threads"));
  m.def("answer_scores", &scores_of_answers, labels, py::arg("pred_probs"), py::arg("method"),
        py::arg("adjust"), py::arg("threads"));
  m.def("multilabel_scores", &scores_of_rows, labels, py::arg("pred_probs"), py::arg("method"),
        py::arg("adjust"), py::arg("aggregation"), py::arg("parameter"), py::arg("threads"));
  m.def("aggregate_scores", &aggregated, py::arg("scores").noconvert(), py::arg("aggregation"),
        py::arg("parameter"), py::arg("threads"));
}

}  // namespace cupel::bindings
