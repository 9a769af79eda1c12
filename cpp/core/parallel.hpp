// The only place in the project that starts threads.
#pragma once

#include <cstddef>
#include <functional>

#include "cupel/execution.hpp"

namespace cupel {

// How many workers parallel_blocks uses for `blocks` blocks that touch `bytes` bytes together.
// Small work gets one: a thread costs more to start than it saves.
std::size_t worker_count(const Execution& execution, std::size_t blocks, std::size_t bytes);

// Asked now and then by a body; false means: return, the call has ended for another reason.
using Proceed = std::function<bool()>;

// Calls body(worker, proceed) once per worker, each on a thread of its own, worker 0 on the
// caller's. Threads are started per call and joined before return: nothing survives a call, so
// fork() is safe. Where the system gives no thread, the caller does that worker's part too.
//
// If bodies throw, the exception of the lowest worker is rethrown. Throws Interrupted when
// execution.interrupted() says so. `body` must not touch Python.
void parallel_workers(const Execution& execution, std::size_t workers,
                      const std::function<void(std::size_t worker, const Proceed& proceed)>& body);

// Calls body(worker, begin, end) for every block [begin, end) of at most `grain` rows of [0, n),
// by parallel_workers; each block once, handed out in ascending order.
//
// If bodies throw, the exception of the lowest block is rethrown, whatever the thread count.
void parallel_blocks(
    const Execution& execution, std::size_t workers, std::size_t n, std::size_t grain,
    const std::function<void(std::size_t worker, std::size_t begin, std::size_t end)>& body);

}  // namespace cupel
