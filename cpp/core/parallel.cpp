#include "core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace cupel {
namespace {

constexpr std::size_t kBytesWorthAThread = 2u << 20;
constexpr auto kPollInterval = std::chrono::milliseconds(50);

// Hands out blocks and remembers the failure of the lowest one.
class Blocks {
 public:
  Blocks(std::size_t n, std::size_t grain) : n_(n), grain_(grain) {}

  // Runs blocks until none is left, a body has thrown, or `poll` asks to stop.
  template <typename Body, typename Poll>
  void drain(const Body& body, const Poll& poll) {
    while (!stopped_.load(std::memory_order_relaxed) && poll()) {
      const std::size_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
      if (begin >= n_) return;
      try {
        body(begin, std::min(n_, begin + grain_));
      } catch (...) {
        record(begin, std::current_exception());
      }
    }
  }

  void stop() { stopped_.store(true, std::memory_order_relaxed); }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  // Blocks below a failing one were handed out before it and still finish, so the lowest failure
  // is the same for every thread count.
  void record(std::size_t begin, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_ || begin < error_begin_) {
      error_ = std::move(error);
      error_begin_ = begin;
    }
    stop();
  }

  const std::size_t n_;
  const std::size_t grain_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
  std::size_t error_begin_ = 0;
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

}  // namespace

std::size_t worker_count(const Execution& execution, std::size_t blocks, std::size_t bytes) {
  const std::size_t worthwhile = std::max<std::size_t>(1, bytes / kBytesWorthAThread);
  return std::clamp<std::size_t>(std::min(execution.threads, worthwhile), 1,
                                 std::max<std::size_t>(1, blocks));
}

void parallel_blocks(const Execution& execution, std::size_t workers, std::size_t n,
                     std::size_t grain,
                     const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  Blocks blocks(n, grain);
  bool interrupted = false;
  {
    ThreadGroup group(workers);
    for (std::size_t w = 1; w < workers; ++w) {
      const bool started = group.start([&blocks, &body, w] {
        blocks.drain([&](std::size_t begin, std::size_t end) { body(w, begin, end); },
                     [] { return true; });
      });
      if (!started) break;  // the workers that run take over its blocks
    }
    auto last_poll = std::chrono::steady_clock::now();
    const auto poll = [&] {
      if (!execution.interrupted) return true;
      const auto now = std::chrono::steady_clock::now();
      if (now - last_poll < kPollInterval) return true;
      last_poll = now;
      interrupted = execution.interrupted();
      if (interrupted) blocks.stop();
      return !interrupted;
    };
    blocks.drain([&](std::size_t begin, std::size_t end) { body(0, begin, end); }, poll);
  }
  blocks.rethrow();
  if (interrupted) throw Interrupted();
}

}  // namespace cupel
