// A test framework in a page: tests register themselves, checks say where and with what they
// failed.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define CUPEL_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CUPEL_UNDER_TSAN 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define CUPEL_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUPEL_UNDER_ASAN 1
#endif
#endif

namespace cupel::test {

// How often to repeat single-threaded work, which ThreadSanitizer slows down and learns nothing
// from.
constexpr int rounds(int usual) {
#ifdef CUPEL_UNDER_TSAN
  return usual / 20;
#else
  return usual;
#endif
}

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

struct Failure : std::logic_error {
  using std::logic_error::logic_error;
};

// The arguments, separated by spaces.
template <typename... Args>
std::string describe(const Args&... args) {
  std::ostringstream text;
  ((text << args << ' '), ...);
  return text.str();
}

[[noreturn]] inline void fail(const char* file, int line, const char* condition,
                              const std::string& context) {
  throw Failure(describe(file) + ":" + std::to_string(line) + ": " + condition +
                (context.empty() ? "" : "  with " + context));
}

// True if `call()` throws an Exception for which `holds` is true.
template <typename Exception, typename Call, typename Predicate>
bool throws(const Call& call, const Predicate& holds) {
  try {
    call();
  } catch (const Exception& error) {
    return holds(error);
  }
  return false;
}
template <typename Exception, typename Call>
bool throws(const Call& call) {
  return throws<Exception>(call, [](const Exception&) { return true; });
}

}  // namespace cupel::test

#define CUPEL_TEST(name)                                                       \
  static void name();                                                          \
  static const cupel::test::Registration registration_of_##name{#name, &name}; \
  static void name()

// CHECK(condition), or CHECK(condition, values to print if it does not hold...). Only on the thread
// that runs the test: others count their failures for it.
#define CHECK(condition, ...)                                                                \
  do {                                                                                       \
    if (!(condition))                                                                        \
      cupel::test::fail(__FILE__, __LINE__, #condition, cupel::test::describe(__VA_ARGS__)); \
  } while (false)
