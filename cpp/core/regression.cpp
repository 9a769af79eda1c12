#include "cupel/regression.hpp"

namespace cupel {}  // namespace cupel
