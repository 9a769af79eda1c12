#include "bindings/arrays.hpp"

#include <algorithm>
#include <stdexcept>

namespace cupel::bindings {
namespace {

template <typename T>
SquareMatrix<T> copy_of(const Vector<T>& matrix) {
  if (matrix.ndim() != 2 || matrix.shape(0) != matrix.shape(1))
    throw std::invalid_argument("expected a square matrix");
  SquareMatrix<T> out(static_cast<std::size_t>(matrix.shape(0)));
  std::copy_n(matrix.data(), out.values.size(), out.values.begin());
  return out;
}

}  // namespace

bool is_native(const py::dtype& dtype) {
  return dtype.byteorder() == '=' || dtype.byteorder() == '|';
}

void require_readable(const py::array& matrix) {
  const py::dtype dtype = matrix.dtype();
  const int number = dtype.num();
  const bool right_type = number == kNumpyHalf || number == kNumpyFloat || number == kNumpyDouble;
  const py::ssize_t item = dtype.itemsize();
  const bool right_layout =
      right_type && matrix.ndim() == 2 && (matrix.shape(1) <= 1 || matrix.strides(1) == item) &&
      matrix.strides(0) % item == 0 &&
      reinterpret_cast<std::uintptr_t>(matrix.data()) % static_cast<std::uintptr_t>(item) == 0;
  if (!right_layout || !is_native(dtype))
    throw py::type_error("the core reads native float16, float32 or float64 rows in place only");
}

LabelsView view_labels(const py::array& labels) {
  const py::dtype dtype = labels.dtype();
  const char kind = dtype.kind();
  const auto item = dtype.itemsize();
  const bool readable =
      labels.ndim() == 1 && (kind == 'i' || kind == 'u') &&
      (labels.size() <= 1 || labels.strides(0) == item) && is_native(dtype) &&
      reinterpret_cast<std::uintptr_t>(labels.data()) % static_cast<std::uintptr_t>(item) == 0;
  if (!readable) throw py::type_error("the core reads contiguous native integer labels only");
  LabelsView view{labels.data(), static_cast<std::size_t>(labels.size()), IntegerType::kInt64};
  const bool is_signed = kind == 'i';
  switch (item) {
    case 1:
      view.type = is_signed ? IntegerType::kInt8 : IntegerType::kUint8;
      break;
    case 2:
      view.type = is_signed ? IntegerType::kInt16 : IntegerType::kUint16;
      break;
    case 4:
      view.type = is_signed ? IntegerType::kInt32 : IntegerType::kUint32;
      break;
    default:
      view.type = is_signed ? IntegerType::kInt64 : IntegerType::kUint64;
      break;
  }
  return view;
}

void require_same_length(const LabelsView& labels, const py::array& matrix) {
  if (matrix.ndim() != 2 || static_cast<std::size_t>(matrix.shape(0)) != labels.size)
    throw std::invalid_argument("labels and pred_probs differ in length");
}

SquareMatrix<double> square_of(const Vector<double>& matrix) { return copy_of(matrix); }
SquareMatrix<std::int64_t> square_of(const Vector<std::int64_t>& matrix) { return copy_of(matrix); }

Execution execution(std::size_t threads) {
  return {threads, [] {
            const py::gil_scoped_acquire gil;
            return PyErr_CheckSignals() != 0;
          }};
}

}  // namespace cupel::bindings
