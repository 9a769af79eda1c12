#include "cupel/data_valuation.hpp"

namespace cupel {}  // namespace cupel
