#include "cupel/object_detection.hpp"

namespace cupel {}  // namespace cupel
