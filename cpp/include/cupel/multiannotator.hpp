// TODO-multiannotator: what this header is for.
#pragma once

namespace cupel {}  // namespace cupel
