#include "cupel/regression.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_regression(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
