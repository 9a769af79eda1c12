#include "cupel/multilabel_classification.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_multilabel_classification(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
