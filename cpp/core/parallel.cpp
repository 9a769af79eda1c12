#include "core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace cupel {
namespace {

constexpr std::size_t kBytesWorthAThread = 2u << 20;
constexpr auto kPollInterval = std::chrono::milliseconds(50);

// Why a call ends early: the failure with the lowest number, or an interrupt.
class Outcome {
 public:
  [[nodiscard]] bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

  void fail(std::size_t number, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_ || number < number_) {
      error_ = std::move(error);
      number_ = number;
    }
    stopped_.store(true, std::memory_order_relaxed);
  }

  void interrupt() {
    interrupted_ = true;
    stopped_.store(true, std::memory_order_relaxed);
  }

  // Call when all threads have been joined.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
    if (interrupted_) throw Interrupted();
  }

 private:
  std::atomic<bool> stopped_{false};
  bool interrupted_ = false;  // only the calling thread writes and reads it
  std::mutex mutex_;
  std::exception_ptr error_;
  std::size_t number_ = 0;
};

// Joins on scope exit, also when an exception passes. (std::jthread is missing from some of the
// standard libraries the wheels are built with.)
class ThreadGroup {
 public:
  explicit ThreadGroup(std::size_t capacity) { threads_.reserve(capacity); }
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;
  ~ThreadGroup() {
    for (std::thread& thread : threads_) thread.join();
  }

  // False if the system has no more threads to give.
  template <typename Function>
  bool start(Function&& function) {
    try {
      threads_.emplace_back(std::forward<Function>(function));
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

 private:
  std::vector<std::thread> threads_;
};

// Proceed on the calling thread: polls the interrupt callback, but not too often.
Proceed polling(const Execution& execution, Outcome& outcome) {
  return [&execution, &outcome, last = execution.begun]() mutable {
    if (outcome.stopped()) return false;
    if (!execution.interrupted) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now - last < kPollInterval) return true;
    last = now;
    if (execution.interrupted()) outcome.interrupt();
    return !outcome.stopped();
  };
}

}  // namespace

std::size_t worker_count(const Execution& execution, std::size_t blocks, std::size_t bytes) {
  const std::size_t worthwhile = std::max<std::size_t>(1, bytes / kBytesWorthAThread);
  return std::clamp<std::size_t>(std::min(execution.threads, worthwhile), 1,
                                 std::max<std::size_t>(1, blocks));
}

void parallel_workers(const Execution& execution, std::size_t workers,
                      const std::function<void(std::size_t, const Proceed&)>& body) {
  Outcome outcome;
  const auto run = [&](std::size_t worker, const Proceed& proceed) {
    try {
      body(worker, proceed);
    } catch (...) {
      outcome.fail(worker, std::current_exception());
    }
  };
  {
    ThreadGroup group(workers);
    std::size_t started = 1;
    while (started < workers &&
           group.start([&, started] { run(started, [&outcome] { return !outcome.stopped(); }); }))
      ++started;
    const Proceed poll = polling(execution, outcome);
    run(0, poll);
    for (; started < workers; ++started) run(started, poll);
  }
  outcome.rethrow();
}

void parallel_blocks(const Execution& execution, std::size_t workers, std::size_t n,
                     std::size_t grain,
                     const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  Outcome failures;
  std::atomic<std::size_t> next{0};
  parallel_workers(execution, workers, [&](std::size_t worker, const Proceed& proceed) {
    // Blocks below a failing one were handed out before it and still finish, so the lowest failure
    // is the same for every thread count.
    while (!failures.stopped() && proceed()) {
      const std::size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= n) return;
      try {
        body(worker, begin, std::min(n, begin + grain));
      } catch (...) {
        failures.fail(begin, std::current_exception());
      }
    }
  });
  failures.rethrow();
}

}  // namespace cupel
