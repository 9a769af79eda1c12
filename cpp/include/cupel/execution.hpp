// How a call runs: its threads and its way to be interrupted. Results never depend on either.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cupel {

struct Execution {
  // Most threads a call may use, at least 1. Small work stays on the calling thread.
  std::size_t threads = 1;
  // Polled on the calling thread a few times a second; `true` ends the call with Interrupted.
  std::function<bool()> interrupted = {};
  // Told the fraction done, on the calling thread, by long calls that say so; may throw to end
  // them.
  std::function<void(double)> progress = {};
  // Since when nothing was polled. A call of many short phases is interrupted between them.
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

// Thrown out of a call whose `interrupted` returned true. All outputs are then unspecified.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

// Names of the instruction sets this machine can run, best first: "avx512", "avx2", "baseline".
std::vector<std::string> available_isas();

// Name of the instruction set in use.
std::string active_isa();

// Chooses the instruction set for the whole process; thread-safe. Results do not depend on it.
// Throws std::invalid_argument if it is not available here.
void select_isa(std::string_view name);

}  // namespace cupel
