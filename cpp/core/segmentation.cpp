#include "cupel/segmentation.hpp"

namespace cupel {}  // namespace cupel
