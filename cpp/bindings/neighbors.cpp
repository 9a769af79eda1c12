#include "cupel/neighbors.hpp"

#include <optional>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

using Lists = std::pair<py::array_t<double>, py::array_t<std::int64_t>>;

// `progress` is called with the fraction done; what it raises ends the call. It must outlive the
// result, which may be copied without the GIL.
Execution reporting(std::size_t threads, const std::optional<py::function>& progress) {
  Execution run = execution(threads);
  if (progress)
    run.progress = [&call = *progress](double fraction) {
      const py::gil_scoped_acquire gil;
      call(fraction);
    };
  return run;
}

// Short calls tell nothing on the way.
void tell_end(const Execution& run) {
  if (run.progress) run.progress(1.0);
}

Lists empty_lists(std::size_t rows, std::size_t k) {
  const std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(k)};
  return {py::array_t<double>(shape), py::array_t<std::int64_t>(shape)};
}

NeighborLists view(Lists& lists, std::size_t k) {
  return {mutable_view(lists.first), mutable_view(lists.second), k};
}

Lists knn_self(const py::array& features, int metric, std::size_t k, std::size_t threads,
               const std::optional<py::function>& progress) {
  const Execution run = reporting(threads, progress);
  return visit(features, [&]<typename T>(const MatrixView<T>& x) {
    if (k < 1 || k >= x.rows) throw std::invalid_argument("k must be in [1, rows)");
    Lists lists = empty_lists(x.rows, k);
    const NeighborLists out = view(lists, k);
    {
      const py::gil_scoped_release release;
      nearest_of_all(x, static_cast<Metric>(metric), run, out);
    }
    tell_end(run);
    return lists;
  });
}

// Distances, indices, recall and its interval, rows sampled, rows rechecked.
py::tuple knn_approximate(const py::array& features, int metric, std::size_t k,
                          double target_recall, std::uint64_t seed, std::size_t threads,
                          const std::optional<py::function>& progress) {
  const Execution run = reporting(threads, progress);
  return visit(features, [&]<typename T>(const MatrixView<T>& x) -> py::tuple {
    if (k < 1 || k >= x.rows) throw std::invalid_argument("k must be in [1, rows)");
    Lists lists = empty_lists(x.rows, k);
    const NeighborLists out = view(lists, k);
    Recall r;
    {
      const py::gil_scoped_release release;
      r = nearest_of_all_approximately(x, static_cast<Metric>(metric), {target_recall, seed}, run,
                                       out);
    }
    tell_end(run);
    return py::make_tuple(lists.first, lists.second, r.mean, r.low, r.high, r.sample, r.rechecked);
  });
}

Lists knn_query(const py::array& features, const py::array& queries, int metric, std::size_t k,
                std::size_t threads, const std::optional<py::function>& progress) {
  const Execution run = reporting(threads, progress);
  require_readable(queries);
  return visit(features, [&]<typename T>(const MatrixView<T>& x) {
    if (queries.dtype().num() != features.dtype().num())
      throw py::type_error("features and queries differ in dtype");
    const MatrixView<T> q = view_as<T>(queries);
    if (q.cols != x.cols) throw std::invalid_argument("features and queries differ in columns");
    if (k < 1 || k > x.rows) throw std::invalid_argument("k must be in [1, rows]");
    Lists lists = empty_lists(q.rows, k);
    const NeighborLists out = view(lists, k);
    {
      const py::gil_scoped_release release;
      nearest_of_queries(x, q, static_cast<Metric>(metric), run, out);
    }
    tell_end(run);
    return lists;
  });
}

std::pair<py::array_t<std::int64_t>, py::array_t<double>> radius_pairs(
    const py::array& features, int metric, double radius, std::size_t threads,
    const std::optional<py::function>& progress) {
  const Execution run = reporting(threads, progress);
  const std::vector<NeighborPair> pairs = visit(features, [&](const auto& x) {
    const py::gil_scoped_release release;
    return pairs_within(x, static_cast<Metric>(metric), radius, run);
  });
  tell_end(run);
  const auto n = static_cast<py::ssize_t>(pairs.size());
  py::array_t<double> distances(n);
  py::array_t<std::int64_t> rows({n, py::ssize_t{2}});
  double* d = distances.mutable_data();
  std::int64_t* r = rows.mutable_data();
  for (const NeighborPair& pair : pairs) {
    *r++ = pair.first;
    *r++ = pair.second;
    *d++ = pair.distance;
  }
  return {rows, distances};
}

py::array_t<std::int64_t> radius_groups(const py::array& features, int metric, double radius,
                                        std::size_t threads,
                                        const std::optional<py::function>& progress) {
  const Execution run = reporting(threads, progress);
  py::array_t<std::int64_t> group(features.shape(0));
  const auto out = mutable_view(group);
  visit(features, [&](const auto& x) {
    const py::gil_scoped_release release;
    groups_within(x, static_cast<Metric>(metric), radius, run, out);
  });
  tell_end(run);
  return group;
}

py::array_t<std::int64_t> identical(const py::array& features, std::size_t threads) {
  const Execution run = execution(threads);
  py::array_t<std::int64_t> group(features.shape(0));
  const auto out = mutable_view(group);
  visit(features, [&](const auto& x) {
    const py::gil_scoped_release release;
    identical_rows(x, run, out);
  });
  return group;
}

std::size_t nonfinite(const py::array& features, std::size_t threads) {
  const Execution run = execution(threads);
  return visit(features, [&](const auto& x) {
    const py::gil_scoped_release release;
    return first_nonfinite_row(x, run);
  });
}

}  // namespace

void bind_neighbors(py::module_& m) {
  m.def("knn_self", &knn_self, py::arg("features"), py::arg("metric"), py::arg("k"),
        py::arg("threads"), py::arg("progress"));
  m.def("knn_approximate", &knn_approximate, py::arg("features"), py::arg("metric"), py::arg("k"),
        py::arg("target_recall"), py::arg("seed"), py::arg("threads"), py::arg("progress"));
  m.def("knn_query", &knn_query, py::arg("features"), py::arg("queries"), py::arg("metric"),
        py::arg("k"), py::arg("threads"), py::arg("progress"));
  m.def("radius_pairs", &radius_pairs, py::arg("features"), py::arg("metric"), py::arg("radius"),
        py::arg("threads"), py::arg("progress"));
  m.def("radius_groups", &radius_groups, py::arg("features"), py::arg("metric"), py::arg("radius"),
        py::arg("threads"), py::arg("progress"));
  m.def("identical_rows", &identical, py::arg("features"), py::arg("threads"));
  m.def("first_nonfinite_row", &nonfinite, py::arg("features"), py::arg("threads"));
}

}  // namespace cupel::bindings
