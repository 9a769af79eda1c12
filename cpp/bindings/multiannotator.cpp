#include "cupel/multiannotator.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_multiannotator(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
