#include "cupel/token_classification.hpp"

namespace cupel {}  // namespace cupel
