// parallel_blocks: every block once, the lowest failure, interrupts.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "core/parallel.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr std::size_t kWorkerCounts[] = {1, 2, 3, 8, 33};

CUPEL_TEST(every_block_runs_once_and_in_range) {
  for (const std::size_t workers : kWorkerCounts)
    for (const std::size_t n : {0u, 1u, 6u, 7u, 8u, 100u, 1001u})
      for (const std::size_t grain : {1u, 7u, 1000u, 5000u}) {
        std::vector<std::atomic<int>> seen(n);
        std::atomic<int> bad{0};
        parallel_blocks(with_threads(workers), workers, n, grain,
                        [&](std::size_t worker, std::size_t begin, std::size_t end) {
                          if (worker >= workers || begin % grain != 0 || end > n ||
                              end != std::min(n, begin + grain))
                            ++bad;
                          for (std::size_t i = begin; i < end; ++i) ++seen[i];
                        });
        CHECK(bad == 0, workers, n, grain);
        for (std::size_t i = 0; i < n; ++i) CHECK(seen[i] == 1, workers, n, grain, i);
      }
}

CUPEL_TEST(the_lowest_failing_block_is_reported) {
  Random random(1);
  for (const std::size_t workers : kWorkerCounts)
    for (int round = 0; round < 100; ++round) {
      const std::size_t lowest = random.below(50);
      const std::size_t others = 1 + random.below(7);
      const auto body = [&](std::size_t, std::size_t begin, std::size_t) {
        if (begin < lowest || (begin - lowest) % others != 0) return;
        // The lowest one fails last, when it can.
        if (begin == lowest) std::this_thread::sleep_for(std::chrono::microseconds(200));
        throw std::invalid_argument(std::to_string(begin));
      };
      const bool right = throws<std::invalid_argument>(
          [&] { parallel_blocks(with_threads(workers), workers, 100, 1, body); },
          [&](const std::invalid_argument& error) {
            return error.what() == std::to_string(lowest);
          });
      CHECK(right, workers, round, lowest);
    }
}

CUPEL_TEST(an_interrupt_ends_the_call_soon) {
  for (const std::size_t workers : kWorkerCounts) {
    std::atomic<int> polls{0};
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> elsewhere{0};
    const Execution execution{workers, [&] {
                                if (std::this_thread::get_id() != caller) ++elsewhere;
                                return ++polls == 2;
                              }};
    std::atomic<std::size_t> done{0};
    const auto start = std::chrono::steady_clock::now();
    CHECK(throws<Interrupted>([&] {
            parallel_blocks(execution, workers, 1000000, 1,
                            [&](std::size_t, std::size_t, std::size_t) {
                              std::this_thread::sleep_for(std::chrono::milliseconds(1));
                              ++done;
                            });
          }),
          workers);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    CHECK(seconds.count() < 2.0, workers, seconds.count());
    CHECK(done < 1000000 && polls == 2 && elsewhere == 0, workers, done, polls, elsewhere);
  }
}

CUPEL_TEST(no_interrupt_no_exception) {
  const Execution execution{4, [] { return false; }};
  std::atomic<std::size_t> done{0};
  parallel_blocks(execution, 4, 200, 1, [&](std::size_t, std::size_t, std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++done;
  });
  CHECK(done == 200, done);
}

CUPEL_TEST(each_worker_runs_once_on_its_own_thread) {
  for (const std::size_t workers : kWorkerCounts) {
    std::vector<std::atomic<int>> ran(workers);
    std::vector<std::thread::id> on(workers);
    parallel_workers(with_threads(workers), workers, [&](std::size_t w, const Proceed& proceed) {
      if (proceed()) ++ran[w];
      on[w] = std::this_thread::get_id();
    });
    std::sort(on.begin(), on.end());
    CHECK(std::adjacent_find(on.begin(), on.end()) == on.end(), workers);
    CHECK(std::find(on.begin(), on.end(), std::this_thread::get_id()) != on.end(), workers);
    for (std::size_t w = 0; w < workers; ++w) CHECK(ran[w] == 1, workers, w);
  }
}

// The others learn of a failure or an interrupt from `proceed`.
CUPEL_TEST(workers_stop_when_one_fails_or_the_caller_interrupts) {
  const auto until_stopped = [](const Proceed& proceed) {
    while (proceed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  for (const std::size_t workers : kWorkerCounts) {
    const auto fail_last = [&](std::size_t w, const Proceed& proceed) {
      if (w == workers - 1) throw std::invalid_argument("last");
      until_stopped(proceed);
    };
    CHECK(throws<std::invalid_argument>(
              [&] { parallel_workers(with_threads(workers), workers, fail_last); }),
          workers);
    const Execution execution{workers, [] { return true; }};
    CHECK(throws<Interrupted>([&] {
            parallel_workers(execution, workers,
                             [&](std::size_t, const Proceed& proceed) { until_stopped(proceed); });
          }),
          workers);
  }
}

// Nor does an exception out of the callback leave threads behind.
CUPEL_TEST(a_failing_interrupt_callback_ends_the_call) {
  for (const std::size_t workers : kWorkerCounts) {
    const Execution execution{workers, []() -> bool { throw std::runtime_error("callback"); }};
    CHECK(throws<std::runtime_error>(
              [&] {
                parallel_blocks(execution, workers, 1000000, 1,
                                [](std::size_t, std::size_t, std::size_t) {
                                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                });
              },
              [](const std::runtime_error& error) {
                return error.what() == std::string("callback");
              }),
          workers);
  }
}

CUPEL_TEST(small_work_stays_on_the_calling_thread) {
  constexpr std::size_t large = std::size_t{1} << 30;
  CHECK(worker_count(with_threads(8), 100, 1000) == 1);
  CHECK(worker_count(with_threads(8), 100, large) == 8);
  CHECK(worker_count(with_threads(8), 3, large) == 3);
  CHECK(worker_count(with_threads(8), 0, 0) == 1);
  CHECK(worker_count(with_threads(1), 100, large) == 1);
}

}  // namespace
}  // namespace cupel::test
