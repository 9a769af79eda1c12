#include "cupel/token_classification.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

template <typename T>
py::array scores_as(const py::array& scores, const Vector<std::int64_t>& offsets,
                    double temperature, std::size_t threads) {
  const py::ssize_t sentences = offsets.size() - 1;
  py::array out(scores.dtype(), std::vector<py::ssize_t>{sentences});
  const std::span<const T> s{static_cast<const T*>(scores.data()),
                             static_cast<std::size_t>(scores.size())};
  const std::span<T> o{static_cast<T*>(out.mutable_data()), static_cast<std::size_t>(sentences)};
  const auto bounds = view(offsets);
  const Execution run = execution(threads);
  {
    const py::gil_scoped_release release;
    sentence_scores<T>(s, bounds, temperature, run, o);
  }
  return out;
}

py::array sentences(const py::array& scores, const Vector<std::int64_t>& offsets,
                    double temperature, std::size_t threads) {
  if (scores.ndim() != 1 || (scores.size() > 1 && scores.strides(0) != scores.itemsize()) ||
      !is_native(scores.dtype()))
    throw py::type_error("the core reads contiguous native scores only");
  if (offsets.ndim() != 1 || offsets.size() == 0)
    throw std::invalid_argument("offsets hold one more number than there are sentences");
  switch (scores.dtype().num()) {
    case kNumpyHalf:
      return scores_as<Half>(scores, offsets, temperature, threads);
    case kNumpyFloat:
      return scores_as<float>(scores, offsets, temperature, threads);
    case kNumpyDouble:
      return scores_as<double>(scores, offsets, temperature, threads);
    default:
      throw py::type_error("the core scores float16, float32 or float64 only");
  }
}

py::object owned(PyObject* object) {
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

std::int64_t index_in(const py::object& pair, py::ssize_t position) {
  const py::object number = owned(PySequence_GetItem(pair.ptr(), position));
  const auto index = PyNumber_AsSsize_t(number.ptr(), PyExc_IndexError);
  if (index == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return index;
}

// The first and the second number of each pair.
py::tuple unzipped(const py::sequence& pairs) {
  const auto n = static_cast<py::ssize_t>(pairs.size());
  py::array_t<std::int64_t> first(n);
  py::array_t<std::int64_t> second(n);
  auto a = first.mutable_unchecked<1>();
  auto b = second.mutable_unchecked<1>();
  for (py::ssize_t m = 0; m < n; ++m) {
    const py::object pair = owned(PySequence_GetItem(pairs.ptr(), m));
    if (!PySequence_Check(pair.ptr()) || PySequence_Size(pair.ptr()) != 2)
      throw py::type_error("issues[" + std::to_string(m) + "] must be a pair (sentence, token)");
    a(m) = index_in(pair, 0);
    b(m) = index_in(pair, 1);
  }
  return py::make_tuple(first, second);
}

// Calls f(m, row, token) for the m-th position; `row` is the sentence's entry of `rows`. Positions
// are in any order and rows all over the memory, so rows are asked for some positions ahead: taking
// a reference starts to load them, and waits for nothing.
template <typename F>
void for_each_position(const py::sequence& rows, const Vector<std::int64_t>& sentences,
                       const Vector<std::int64_t>& tokens, const F& f) {
  if (sentences.size() != tokens.size())
    throw std::invalid_argument("one token per sentence, please");
  constexpr py::ssize_t ahead = 16;
  const auto s = sentences.unchecked<1>();
  const auto t = tokens.unchecked<1>();
  const auto row = [&](py::ssize_t m) { return owned(PySequence_GetItem(rows.ptr(), s(m))); };
  std::array<py::object, ahead> coming;
  for (py::ssize_t m = 0; m < std::min(ahead, s.size()); ++m)
    coming[static_cast<std::size_t>(m)] = row(m);
  for (py::ssize_t m = 0; m < s.size(); ++m) {
    py::object& next = coming[static_cast<std::size_t>(m % ahead)];
    const py::object current = std::move(next);
    if (m + ahead < s.size()) next = row(m + ahead);
    f(m, current, t(m));
  }
}

// A number for each of rows[sentences[m]][tokens[m]], the same for equal ones, counted from 0 in
// the order in which they come; and the different ones. Looked up some positions late, when the
// item has been loaded.
py::tuple codes(const py::sequence& rows, const Vector<std::int64_t>& sentences,
                const Vector<std::int64_t>& tokens) {
  constexpr py::ssize_t late = 8;
  py::dict known;
  py::list different;
  py::array_t<std::int64_t> out(sentences.size());
  auto o = out.mutable_unchecked<1>();
  const auto look_up = [&](py::ssize_t m, const py::object& item) {
    const PyObject* code = PyDict_GetItemWithError(known.ptr(), item.ptr());
    if (code == nullptr) {
      if (PyErr_Occurred() != nullptr) throw py::error_already_set();
      o(m) = static_cast<std::int64_t>(different.size());
      known[item] = o(m);
      different.append(item);
    } else {
      o(m) = PyLong_AsLongLong(const_cast<PyObject*>(code));
    }
  };
  std::array<py::object, late> loading;
  const auto slot = [&](py::ssize_t m) -> py::object& {
    return loading[static_cast<std::size_t>(m % late)];
  };
  for_each_position(rows, sentences, tokens, [&](py::ssize_t m, const py::object& row, auto token) {
    if (m >= late) look_up(m - late, slot(m));
    slot(m) = owned(PySequence_GetItem(row.ptr(), token));
  });
  const py::ssize_t n = sentences.size();
  for (py::ssize_t m = std::max<py::ssize_t>(0, n - late); m < n; ++m) look_up(m, slot(m));
  return py::make_tuple(different, out);
}

// The integers rows[sentences[m]][tokens[m]].
py::array_t<std::int64_t> integers(const py::sequence& rows, const Vector<std::int64_t>& sentences,
                                   const Vector<std::int64_t>& tokens) {
  py::array_t<std::int64_t> out(sentences.size());
  auto o = out.mutable_unchecked<1>();
  for_each_position(rows, sentences, tokens, [&](py::ssize_t m, const py::object& row, auto token) {
    o(m) = index_in(row, token);
  });
  return out;
}

// All integers of all rows, one after another: `count` of them. None if a row is no list or tuple,
// holds anything but Python's own integers, or one that does not fit; or if there are more or
// fewer.
py::object flattened(const py::sequence& rows, py::ssize_t count) {
  py::array_t<std::int64_t> out(count);
  auto o = out.mutable_unchecked<1>();
  const auto n = static_cast<py::ssize_t>(rows.size());
  py::ssize_t filled = 0;
  for (py::ssize_t s = 0; s < n; ++s) {
    const py::object row = owned(PySequence_GetItem(rows.ptr(), s));
    if (!PyList_CheckExact(row.ptr()) && !PyTuple_CheckExact(row.ptr())) return py::none();
    const py::ssize_t length = PySequence_Size(row.ptr());
    if (length > count - filled) return py::none();
    for (py::ssize_t t = 0; t < length; ++t) {
      const py::object item = owned(PySequence_GetItem(row.ptr(), t));
      if (!PyLong_CheckExact(item.ptr())) return py::none();
      int overflow = 0;
      o(filled++) = PyLong_AsLongLongAndOverflow(item.ptr(), &overflow);
      if (overflow != 0) return py::none();
    }
  }
  return filled == count ? py::object(out) : py::none();
}

// The rows matrices[sentences[m]][tokens[m]], one under another. All matrices have the type and the
// number of columns of the first; TypeError otherwise.
py::array rows(const py::sequence& matrices, const Vector<std::int64_t>& sentences,
               const Vector<std::int64_t>& tokens) {
  const py::object head = owned(PySequence_GetItem(matrices.ptr(), 0));
  if (!py::isinstance<py::array>(head)) throw py::type_error("expected arrays only");
  const auto first = py::reinterpret_borrow<py::array>(head);
  require_readable(first);
  const py::ssize_t columns = first.shape(1);
  const int type = first.dtype().num();
  py::array out(first.dtype(), std::vector<py::ssize_t>{sentences.size(), columns});
  auto* to = static_cast<char*>(out.mutable_data());
  const auto bytes = static_cast<std::size_t>(columns * first.itemsize());
  for_each_position(
      matrices, sentences, tokens, [&](py::ssize_t, const py::object& row, std::int64_t token) {
        if (!py::isinstance<py::array>(row)) throw py::type_error("expected arrays only");
        const auto matrix = py::reinterpret_borrow<py::array>(row);
        require_readable(matrix);
        if (matrix.dtype().num() != type || matrix.shape(1) != columns)
          throw py::type_error("expected matrices of one type and width");
        const std::int64_t i = token < 0 ? token + matrix.shape(0) : token;
        if (i < 0 || i >= matrix.shape(0)) throw py::index_error("token out of range");
        std::memcpy(to, static_cast<const char*>(matrix.data()) + i * matrix.strides(0), bytes);
        to += bytes;
      });
  return out;
}

}  // namespace

void bind_token_classification(py::module_& m) {
  m.def("sentence_scores", &sentences, py::arg("scores"), py::arg("offsets").noconvert(),
        py::arg("temperature"), py::arg("threads"));
  m.def("unzip_issues", &unzipped, py::arg("issues"));
  m.def("codes_at", &codes, py::arg("rows"), py::arg("sentences").noconvert(),
        py::arg("tokens").noconvert());
  m.def("integers_at", &integers, py::arg("rows"), py::arg("sentences").noconvert(),
        py::arg("tokens").noconvert());
  m.def("flatten_integers", &flattened, py::arg("rows"), py::arg("count"));
  m.def("rows_at", &rows, py::arg("matrices"), py::arg("sentences").noconvert(),
        py::arg("tokens").noconvert());
}

}  // namespace cupel::bindings
