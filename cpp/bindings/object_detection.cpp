#include "cupel/object_detection.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_object_detection(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
