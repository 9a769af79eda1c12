#include "cupel/token_classification.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_token_classification(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
