#include "cupel/data_valuation.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {

void bind_data_valuation(py::module_& m) { static_cast<void>(m); }

}  // namespace cupel::bindings
