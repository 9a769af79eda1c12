#include "cupel/data_valuation.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

template <typename Index>
py::array_t<std::int64_t> shapley_sums(const Vector<std::int64_t>& labels,
                                       const py::array_t<Index, py::array::c_style>& neighbors,
                                       std::size_t k, std::size_t threads) {
  if (neighbors.ndim() != 2 || labels.ndim() != 1 || neighbors.shape(0) != labels.size())
    throw std::invalid_argument("neighbors must have one row for every label");
  const auto stride = static_cast<std::size_t>(neighbors.shape(1));
  if (k < 1 || k > stride) throw std::invalid_argument("k must be in [1, columns of neighbors]");
  py::array_t<std::int64_t> sums(labels.size());
  const NeighborsView<Index> graph{neighbors.data(), view(labels).size(), k, stride};
  const Execution run = execution(threads);
  const auto out = mutable_view(sums);
  {
    const py::gil_scoped_release release;
    knn_shapley_sums(view(labels), graph, run, out);
  }
  return sums;
}

py::array_t<std::int64_t> identical_first(const Vector<std::int64_t>& neighbors,
                                          const Vector<std::int64_t>& lowest) {
  if (neighbors.ndim() != 2 || lowest.ndim() != 1 || neighbors.shape(0) != lowest.size())
    throw std::invalid_argument("neighbors must have one row for every entry of lowest");
  py::array_t<std::int64_t> sorted({neighbors.shape(0), neighbors.shape(1)}, neighbors.data());
  const auto k = static_cast<std::size_t>(neighbors.shape(1));
  const auto out = mutable_view(sorted);
  {
    const py::gil_scoped_release release;
    put_identical_first(view(lowest), k, out);
  }
  return sorted;
}

}  // namespace

void bind_data_valuation(py::module_& m) {
  m.def("knn_shapley_sums", &shapley_sums<std::int32_t>, py::arg("labels").noconvert(),
        py::arg("neighbors").noconvert(), py::arg("k"), py::arg("threads"));
  m.def("knn_shapley_sums", &shapley_sums<std::int64_t>, py::arg("labels").noconvert(),
        py::arg("neighbors").noconvert(), py::arg("k"), py::arg("threads"));
  m.def("identical_neighbors_first", &identical_first, py::arg("neighbors").noconvert(),
        py::arg("lowest").noconvert());
}

}  // namespace cupel::bindings
