#include "cupel/filter.hpp"

#include <optional>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

// The filters that need no counts to prune by.
py::array_t<bool> label_issues(const py::array& labels, const py::array& probs, int filter_by,
                               bool argmax_of_confident, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  FilterOptions options;
  options.filter_by = static_cast<FilterBy>(filter_by);
  options.collision = argmax_of_confident ? Collision::kConfident : Collision::kArgmax;
  py::array_t<bool> mask(probs.shape(0));
  const auto out = bytes_of(mask);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    find_label_issues(p, y, options, run, out);
  });
  return mask;
}

// `joint`: counts as int64 or as double. `mask` is reduced in place.
template <typename V>
void prune(const py::array& labels, const py::array& probs, py::array_t<bool> mask,
           const Vector<V>& joint, const Vector<std::int64_t>& label_counts, int filter_by,
           double frac_noise, const std::optional<Vector<double>>& num_to_remove_per_class,
           std::int64_t min_examples_per_class, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  FilterOptions options;
  options.filter_by = static_cast<FilterBy>(filter_by);
  options.prune.frac_noise = frac_noise;
  options.prune.min_examples_per_class = min_examples_per_class;
  if (num_to_remove_per_class) options.prune.num_to_remove = view(*num_to_remove_per_class);
  SquareMatrix<V> counts = square_of(joint);
  const auto n = view(label_counts);
  const auto classes = static_cast<std::size_t>(probs.shape(1));
  if (counts.size != classes || n.size() != classes ||
      static_cast<std::size_t>(mask.size()) != y.size ||
      (num_to_remove_per_class && options.prune.num_to_remove.size() != classes))
    throw std::invalid_argument("the counts do not fit the matrix");
  const auto out = bytes_of(mask);
  visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    prune_candidates(p, y, n, prune_counts(std::move(counts), n, options.prune), options, run, out);
  });
}

template <typename V>
void bind_prune(py::module_& m) {
  m.def("prune_candidates", &prune<V>, py::arg("labels"), py::arg("pred_probs"),
        py::arg("mask").noconvert(), py::arg("confident_joint").noconvert(),
        py::arg("label_counts").noconvert(), py::arg("filter_by"), py::arg("frac_noise"),
        py::arg("num_to_remove_per_class").noconvert(), py::arg("min_examples_per_class"),
        py::arg("threads"));
}

}  // namespace

void bind_filter(py::module_& m) {
  m.def("find_label_issues", &label_issues, py::arg("labels"), py::arg("pred_probs"),
        py::arg("filter_by"), py::arg("argmax_of_confident"), py::arg("threads"));
  bind_prune<std::int64_t>(m);
  bind_prune<double>(m);
}

}  // namespace cupel::bindings
