#include "core/cpu.hpp"

#include <atomic>

#include "cupel/execution.hpp"

#if defined(CUPEL_X86_DISPATCH) && defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace cupel {
namespace {

#ifdef CUPEL_X86_DISPATCH
struct Features {
  bool avx2 = false;
  bool avx512 = false;
};

#if defined(_MSC_VER) && !defined(__clang__)
Features detect_features() {
  int leaf[4];
  __cpuid(leaf, 1);
  constexpr int fma = 1 << 12, osxsave = 1 << 27, f16c = 1 << 29;
  if ((leaf[2] & (osxsave | f16c | fma)) != (osxsave | f16c | fma)) return {};
  const unsigned long long saved = _xgetbv(0);  // registers the operating system keeps
  __cpuidex(leaf, 7, 0);
  Features found;
  found.avx2 = (saved & 0x6) == 0x6 && (leaf[1] & (1 << 5)) != 0;
  constexpr unsigned needed = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);  // F, DQ, BW, VL
  found.avx512 =
      found.avx2 && (saved & 0xe6) == 0xe6 && (static_cast<unsigned>(leaf[1]) & needed) == needed;
  return found;
}
#else
Features detect_features() {
  __builtin_cpu_init();
  Features found;
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c");
  found.avx512 = found.avx2 && __builtin_cpu_supports("avx512f") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl");
  return found;
}
#endif
#endif

std::vector<const Kernels*> detect() {
  std::vector<const Kernels*> tables;
#ifdef CUPEL_X86_DISPATCH
  const Features features = detect_features();
  if (features.avx512) tables.push_back(&avx512::kernels);
  if (features.avx2) tables.push_back(&avx2::kernels);
#endif
  tables.push_back(&baseline::kernels);
  return tables;
}

const std::vector<const Kernels*>& available_kernels() {
  static const std::vector<const Kernels*> tables = detect();
  return tables;
}

// The one piece of state shared by calls: which of several equal-answer tables to use.
std::atomic<const Kernels*>& active() {
  static std::atomic<const Kernels*> table{available_kernels().front()};
  return table;
}

}  // namespace

const Kernels& active_kernels() { return *active().load(std::memory_order_acquire); }

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Kernels* table : available_kernels()) names.emplace_back(table->name);
  return names;
}

std::string active_isa() { return active_kernels().name; }

void select_isa(std::string_view name) {
  for (const Kernels* table : available_kernels())
    if (table->name == name) {
      active().store(table, std::memory_order_release);
      return;
    }
  std::string message =
      "instruction set '" + std::string(name) + "' is not available here; choose one of";
  for (const Kernels* table : available_kernels()) message += std::string(" ") + table->name;
  throw std::invalid_argument(message);
}

}  // namespace cupel
