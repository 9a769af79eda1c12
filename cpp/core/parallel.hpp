// The only place in the project that starts threads.
#pragma once

#include <cstddef>
#include <functional>

#include "cupel/execution.hpp"

namespace cupel {

// How many workers parallel_blocks uses for `blocks` blocks that touch `bytes` bytes together.
// Small work gets one: a thread costs more to start than it saves.
std::size_t worker_count(const Execution& execution, std::size_t blocks, std::size_t bytes);

// Calls body(worker, begin, end) for every block [begin, end) of at most `grain` rows of [0, n),
// from `workers` threads, the caller's among them; each block once, handed out in ascending order.
// Threads are started per call and joined before return: nothing survives a call, so fork() is safe.
//
// If bodies throw, the exception of the lowest block is rethrown here, whatever the thread count.
// Throws Interrupted when execution.interrupted() says so. `body` must not touch Python.
void parallel_blocks(const Execution& execution, std::size_t workers, std::size_t n,
                     std::size_t grain,
                     const std::function<void(std::size_t worker, std::size_t begin,
                                              std::size_t end)>& body);

}  // namespace cupel
