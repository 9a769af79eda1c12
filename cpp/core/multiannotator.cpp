#include "cupel/multiannotator.hpp"

namespace cupel {}  // namespace cupel
