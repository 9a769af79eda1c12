#include "cupel/regression.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

py::array_t<double> mean_distances(const Vector<double>& x, const Vector<double>& y, std::size_t k,
                                   std::size_t threads) {
  if (x.ndim() != 1 || y.ndim() != 1 || x.size() != y.size())
    throw std::invalid_argument("x and y must be vectors of the same length");
  if (k < 1 || k > view(x).size()) throw std::invalid_argument("k must be in [1, points]");
  py::array_t<double> means(x.size());
  const Execution run = execution(threads);
  const auto out = mutable_view(means);
  {
    const py::gil_scoped_release release;
    mean_nearest_distances(view(x), view(y), k, run, out);
  }
  return means;
}

}  // namespace

void bind_regression(py::module_& m) {
  m.def("mean_nearest_distances", &mean_distances, py::arg("x").noconvert(),
        py::arg("y").noconvert(), py::arg("k"), py::arg("threads"));
}

}  // namespace cupel::bindings
