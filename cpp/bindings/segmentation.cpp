#include "cupel/segmentation.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_segmentation(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
