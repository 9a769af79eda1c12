// The only glue between NumPy arrays and core views. Never copies, never converts.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cupel/execution.hpp"
#include "cupel/latent.hpp"
#include "cupel/views.hpp"

namespace cupel::bindings {

namespace py = pybind11;

// NumPy's numbers of the types the core reads.
inline constexpr int kNumpyHalf = 23, kNumpyFloat = 11, kNumpyDouble = 12;

// Whether numbers of the type are in the machine's byte order.
bool is_native(const py::dtype& dtype);

// A matrix the core can read where it lies: native float16, float32 or float64, aligned, unit
// column stride. TypeError otherwise: the Python layer has to convert.
void require_readable(const py::array& matrix);

template <typename T>
MatrixView<T> view_as(const py::array& matrix) {
  const auto item = static_cast<py::ssize_t>(sizeof(T));
  return {static_cast<const T*>(matrix.data()), static_cast<std::size_t>(matrix.shape(0)),
          static_cast<std::size_t>(matrix.shape(1)), matrix.strides(0) / item};
}

// Calls f with the MatrixView<T> of the array's type.
template <typename F>
auto visit(const py::array& matrix, const F& f) {
  require_readable(matrix);
  switch (matrix.dtype().num()) {
    case kNumpyHalf:
      return f(view_as<Half>(matrix));
    case kNumpyFloat:
      return f(view_as<float>(matrix));
    default:
      return f(view_as<double>(matrix));
  }
}

// 1-D contiguous native integers; TypeError otherwise.
LabelsView view_labels(const py::array& labels);

// Throws ValueError unless the matrix has one row per label.
void require_same_length(const LabelsView& labels, const py::array& matrix);

template <typename T>
using Vector = py::array_t<T, py::array::c_style>;

template <typename T>
std::span<const T> view(const Vector<T>& a) {
  return {a.data(), static_cast<std::size_t>(a.size())};
}

template <typename T, int Flags>
std::span<T> mutable_view(py::array_t<T, Flags>& a) {
  return {a.mutable_data(), static_cast<std::size_t>(a.size())};
}

template <typename T>
Vector<T> vector_of(std::span<const T> values) {
  return Vector<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

// A bool array, seen by the core as bytes.
inline std::span<std::uint8_t> bytes_of(py::array_t<bool>& mask) {
  return {reinterpret_cast<std::uint8_t*>(mask.mutable_data()),
          static_cast<std::size_t>(mask.size())};
}

SquareMatrix<double> square_of(const Vector<double>& matrix);

SquareMatrix<std::int64_t> square_of(const Vector<std::int64_t>& matrix);

// A NumPy array that takes the matrix's memory over.
template <typename T>
py::array_t<T> array_of(SquareMatrix<T>&& matrix) {
  const auto n = static_cast<py::ssize_t>(matrix.size);
  auto owner = std::make_unique<std::vector<T>>(std::move(matrix.values));
  T* data = owner->data();
  const py::capsule release(owner.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
  static_cast<void>(owner.release());
  return py::array_t<T>({n, n}, data, release);
}

// Threads as given, interrupts from Python's signal handlers. Call with the GIL held; it may be
// released while the core runs.
Execution execution(std::size_t threads);

}  // namespace cupel::bindings
