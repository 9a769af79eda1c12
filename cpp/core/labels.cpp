#include <algorithm>
#include <limits>

#include "cupel/views.hpp"

namespace cupel {
namespace {

template <typename Integer>
void widen(const void* data, std::size_t begin, std::size_t count, std::int64_t* out) {
  const Integer* from = static_cast<const Integer*>(data) + begin;
  std::copy(from, from + count, out);
}

}  // namespace

void LabelsView::load(std::size_t begin, std::size_t count, std::int64_t* out) const {
  switch (type) {
    case IntegerType::kInt8:
      return widen<std::int8_t>(data, begin, count, out);
    case IntegerType::kInt16:
      return widen<std::int16_t>(data, begin, count, out);
    case IntegerType::kInt32:
      return widen<std::int32_t>(data, begin, count, out);
    case IntegerType::kInt64:
      return widen<std::int64_t>(data, begin, count, out);
    case IntegerType::kUint8:
      return widen<std::uint8_t>(data, begin, count, out);
    case IntegerType::kUint16:
      return widen<std::uint16_t>(data, begin, count, out);
    case IntegerType::kUint32:
      return widen<std::uint32_t>(data, begin, count, out);
    case IntegerType::kUint64: {
      static constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();
      const auto* from = static_cast<const std::uint64_t*>(data) + begin;
      std::transform(from, from + count, out, [](std::uint64_t label) {
        return static_cast<std::int64_t>(std::min(label, highest));
      });
      return;
    }
  }
}

}  // namespace cupel
