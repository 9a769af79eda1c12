#include "cupel/filter.hpp"

#include <optional>

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

py::tuple label_issues(const py::array& labels, const py::array& probs, int filter_by,
                       bool argmax_of_confident, double frac_noise,
                       const std::optional<Vector<double>>& num_to_remove_per_class,
                       std::int64_t min_examples_per_class,
                       const std::optional<Vector<double>>& confident_joint, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = view_labels(labels);
  require_same_length(y, probs);
  FilterOptions options;
  options.filter_by = static_cast<FilterBy>(filter_by);
  options.collision = argmax_of_confident ? Collision::kConfident : Collision::kArgmax;
  options.prune.frac_noise = frac_noise;
  options.prune.min_examples_per_class = min_examples_per_class;
  if (num_to_remove_per_class) {
    if (num_to_remove_per_class->size() != probs.shape(1))
      throw std::invalid_argument("num_to_remove_per_class needs one number per class");
    options.prune.num_to_remove = view(*num_to_remove_per_class);
  }
  if (confident_joint) {
    options.confident_joint = square_of(*confident_joint);
    if (options.confident_joint->size != static_cast<std::size_t>(probs.shape(1)))
      throw std::invalid_argument("confident_joint must have a row and a column per class");
  }
  py::array_t<bool> mask(probs.shape(0));
  const auto out = bytes_of(mask);
  const std::vector<std::int64_t> counts = visit(probs, [&](const auto& p) {
    const py::gil_scoped_release release;
    return find_label_issues(p, y, options, run, out);
  });
  return py::make_tuple(mask, vector_of<std::int64_t>(counts));
}

}  // namespace

void bind_filter(py::module_& m) {
  m.def("find_label_issues", &label_issues, py::arg("labels"), py::arg("pred_probs"),
        py::arg("filter_by"), py::arg("argmax_of_confident"), py::arg("frac_noise"),
        py::arg("num_to_remove_per_class").noconvert(), py::arg("min_examples_per_class"),
        py::arg("confident_joint").noconvert(), py::arg("threads"));
}

}  // namespace cupel::bindings
