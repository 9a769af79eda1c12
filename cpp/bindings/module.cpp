#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>

#include "cupel/checks.hpp"
#include "cupel/execution.hpp"

namespace py = pybind11;

namespace cupel::bindings {

void bind_count(py::module_& m);
void bind_filter(py::module_& m);
void bind_neighbors(py::module_& m);
void bind_posterior(py::module_& m);
void bind_rank(py::module_& m);
void bind_scorer(py::module_& m);
void bind_data_valuation(py::module_& m);
void bind_datalab(py::module_& m);
void bind_multiannotator(py::module_& m);
void bind_multilabel_classification(py::module_& m);
void bind_object_detection(py::module_& m);
void bind_regression(py::module_& m);
void bind_segmentation(py::module_& m);
void bind_token_classification(py::module_& m);

namespace {

// The core says where a value is wrong; what a Python user can do about it is added here.
void translate(std::exception_ptr pointer) {
  try {
    std::rethrow_exception(pointer);
  } catch (const InvalidProbability& error) {
    const bool finite = error.value - error.value == 0.0;
    const char* remedy = finite ? "; pass probabilities (after softmax), not logits or percentages"
                                : "; mend or drop the row, or pass nan='drop' to leave it out";
    PyErr_SetString(PyExc_ValueError, (std::string(error.what()) + remedy).c_str());
  } catch (const InvalidLabel& error) {
    constexpr const char* remedy = "; pass classes=[...] if labels are names";
    PyErr_SetString(PyExc_ValueError, (std::string(error.what()) + remedy).c_str());
  } catch (const Interrupted&) {
    if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_KeyboardInterrupt);
  }
}

}  // namespace
}  // namespace cupel::bindings

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled core. Private: call the functions of cupel instead.";
  m.attr("__version__") = CUPEL_VERSION;
  m.def("available_isas", &cupel::available_isas);
  m.def("active_isa", &cupel::active_isa);
  m.def("select_isa", &cupel::select_isa, py::arg("name"));
  py::register_local_exception_translator(&cupel::bindings::translate);
  cupel::bindings::bind_count(m);
  cupel::bindings::bind_filter(m);
  cupel::bindings::bind_neighbors(m);
  cupel::bindings::bind_posterior(m);
  cupel::bindings::bind_rank(m);
  cupel::bindings::bind_scorer(m);
  cupel::bindings::bind_data_valuation(m);
  cupel::bindings::bind_datalab(m);
  cupel::bindings::bind_multiannotator(m);
  cupel::bindings::bind_multilabel_classification(m);
  cupel::bindings::bind_object_detection(m);
  cupel::bindings::bind_regression(m);
  cupel::bindings::bind_segmentation(m);
  cupel::bindings::bind_token_classification(m);
}
