// TODO-multilabel_classification: what this header is for.
#pragma once

namespace cupel {}  // namespace cupel
