#include "cupel/multilabel_classification.hpp"

namespace cupel {}  // namespace cupel
