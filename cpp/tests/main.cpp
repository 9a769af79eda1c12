// Runs all tests, or those whose name contains the first argument. Exit status 1 if any fails.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>

#include "check.hpp"

namespace {

bool passes(const cupel::test::Case& test) {
  const auto start = std::chrono::steady_clock::now();
  std::string problem;
  try {
    test.run();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%s  %-52s %7.2f s\n", problem.empty() ? "ok  " : "FAIL", test.name, seconds.count());
  if (!problem.empty()) std::printf("      %s\n", problem.c_str());
  std::fflush(stdout);
  return problem.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const char* wanted = argc > 1 ? argv[1] : "";
  int ran = 0;
  int failed = 0;
  for (const cupel::test::Case& test : cupel::test::cases()) {
    if (std::strstr(test.name, wanted) == nullptr) continue;
    ++ran;
    if (!passes(test)) ++failed;
  }
  std::printf("%d tests, %d failed\n", ran, failed);
  return ran > 0 && failed == 0 ? 0 : 1;
}
