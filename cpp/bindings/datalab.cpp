#include "cupel/datalab.hpp"

#include <limits>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

using Indices = Vector<std::int64_t>;
using Distances = Vector<double>;

NeighborsView<std::int64_t> view_neighbors(const Indices& indices, std::size_t k) {
  if (indices.ndim() != 2 || !indices.shape(0))
    throw std::invalid_argument("indices must have shape (n, k)");
  const auto stride = static_cast<std::size_t>(indices.shape(1));
  if (k < 1 || k > stride) throw std::invalid_argument("k must be in [1, columns of indices]");
  return {indices.data(), static_cast<std::size_t>(indices.shape(0)), k, stride};
}

DistancesView view_graph(const Distances& distances, const Indices& indices, std::size_t k) {
  const auto neighbors = view_neighbors(indices, k);
  if (distances.ndim() != 2 || distances.shape(0) != indices.shape(0) ||
      distances.shape(1) != indices.shape(1))
    throw std::invalid_argument("distances and indices must have the same shape");
  return {distances.data(), neighbors};
}

void require_comparable_rows(const NeighborsView<std::int64_t>& neighbors) {
  if (neighbors.rows < 2 || neighbors.rows > std::numeric_limits<std::int32_t>::max())
    throw std::invalid_argument("there must be from 2 to 2^31 - 1 rows");
}

py::array_t<double> statistics_of_gaps(const Indices& indices, std::size_t k, std::uint32_t seed,
                                       std::size_t permutations, std::size_t threads) {
  const auto neighbors = view_neighbors(indices, k);
  require_comparable_rows(neighbors);
  py::array_t<double> statistics(static_cast<py::ssize_t>(permutations + 1));
  const Execution run = execution(threads);
  const auto out = mutable_view(statistics);
  {
    const py::gil_scoped_release release;
    gap_statistics(neighbors, seed, run, out);
  }
  return statistics;
}

py::array_t<double> scores_of_gaps(const Indices& indices, std::size_t k, std::size_t threads) {
  const auto neighbors = view_neighbors(indices, k);
  require_comparable_rows(neighbors);
  py::array_t<double> scores(indices.shape(0));
  const Execution run = execution(threads);
  const auto out = mutable_view(scores);
  {
    const py::gil_scoped_release release;
    gap_scores(neighbors, run, out);
  }
  return scores;
}

py::array_t<std::int64_t> clusters(const Distances& distances, const Indices& indices,
                                   std::size_t k, double radius, std::size_t min_samples) {
  const auto graph = view_graph(distances, indices, k);
  py::array_t<std::int64_t> cluster(indices.shape(0));
  const auto out = mutable_view(cluster);
  {
    const py::gil_scoped_release release;
    density_clusters(graph, radius, min_samples, out);
  }
  return cluster;
}

// One array for every set, all of them parts of one; empty sets share one.
py::list arrays_of(const NearSets& sets) {
  const py::array_t<std::int64_t> members = vector_of(std::span<const std::int64_t>(sets.members));
  const py::array_t<std::int64_t> none(0);
  const std::size_t n = sets.begins.size() - 1;
  py::list out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t size = sets.begins[i + 1] - sets.begins[i];
    out[i] = size ? py::array_t<std::int64_t>(static_cast<py::ssize_t>(size),
                                              members.data() + sets.begins[i], members)
                  : none;
  }
  return out;
}

std::pair<py::list, py::array_t<std::int64_t>> near_duplicates(const Distances& distances,
                                                               const Indices& indices,
                                                               std::size_t k, double bound) {
  const auto graph = view_graph(distances, indices, k);
  py::array_t<std::int64_t> group(indices.shape(0));
  const auto out = mutable_view(group);
  NearSets sets;
  {
    const py::gil_scoped_release release;
    sets = near_sets(graph, bound);
    near_groups(sets, out);
  }
  return {arrays_of(sets), group};
}

}  // namespace

void bind_datalab(py::module_& m) {
  m.def("gap_statistics", &statistics_of_gaps, py::arg("indices").noconvert(), py::arg("k"),
        py::arg("seed"), py::arg("permutations"), py::arg("threads"));
  m.def("gap_scores", &scores_of_gaps, py::arg("indices").noconvert(), py::arg("k"),
        py::arg("threads"));
  m.def("density_clusters", &clusters, py::arg("distances").noconvert(),
        py::arg("indices").noconvert(), py::arg("k"), py::arg("radius"), py::arg("min_samples"));
  m.def("near_duplicates", &near_duplicates, py::arg("distances").noconvert(),
        py::arg("indices").noconvert(), py::arg("k"), py::arg("bound"));
}

}  // namespace cupel::bindings
