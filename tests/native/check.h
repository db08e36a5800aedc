// The native tests' own checks: TEST registers a function, CHECK_* record a failure and go on.
//
//   TEST(gemm, adds_the_bias) {
//     CHECK_EQ(c[0], 3.0f);
//     CHECK_LE(error, bound);
//     CHECK_THROWS(plan(-1), std::invalid_argument, "gemm: m is -1");
//   }
//
// main.cc runs every test, or those whose name holds an argument of the command line.
#pragma once

#include <cstring>
#include <exception>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace foldgate::test {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& registry() {
  static std::vector<Test> tests;
  return tests;
}

struct Register {
  Register(const char* name, void (*body)()) { registry().push_back({name, body}); }
};

inline int failures = 0;  // of the test that runs now; checks are made on the test's own thread alone
inline int checks = 0;

inline void record(bool ok, const char* file, int line, const std::string& what) {
  ++checks;
  if (ok) return;
  // A loop over shapes fails thousands of times for one reason: the first few say it.
  if (++failures <= 8) std::cout << "  " << file << ":" << line << ": " << what << std::endl;
}

template <class A, class B, class Holds>
void compare(const A& a, const B& b, Holds holds, const char* text, const char* file, int line) {
  if (holds(a, b)) return record(true, file, line, {});
  std::ostringstream out;
  out.precision(std::numeric_limits<double>::max_digits10);
  out << text << " with " << +a << " and " << +b;
  record(false, file, line, out.str());
}

template <class Error, class Body>
void throws(Body body, const char* words, const char* text, const char* file, int line) {
  try {
    body();
    record(false, file, line, std::string(text) + " threw nothing");
  } catch (const Error& error) {
    const bool found = std::strstr(error.what(), words) != nullptr;
    record(found, file, line, std::string(text) + " said '" + error.what() + "', not '" + words + "'");
  } catch (const std::exception& error) {
    record(false, file, line, std::string(text) + " threw another type: " + error.what());
  }
}

}  // namespace foldgate::test

#define TEST(subject, name)                                                                     \
  static void test_##subject##_##name();                                                        \
  static const ::foldgate::test::Register register_##subject##_##name(#subject "." #name,       \
                                                                      test_##subject##_##name); \
  static void test_##subject##_##name()

#define CHECK(condition) \
  ::foldgate::test::record(static_cast<bool>(condition), __FILE__, __LINE__, #condition)
#define CHECK_COMPARE(a, b, op)                                                            \
  ::foldgate::test::compare((a), (b), [](const auto& x, const auto& y) { return x op y; }, \
                            #a " " #op " " #b, __FILE__, __LINE__)
#define CHECK_EQ(a, b) CHECK_COMPARE(a, b, ==)
#define CHECK_NE(a, b) CHECK_COMPARE(a, b, !=)
#define CHECK_LE(a, b) CHECK_COMPARE(a, b, <=)
#define CHECK_GE(a, b) CHECK_COMPARE(a, b, >=)
#define CHECK_THROWS(expression, Error, words) \
  ::foldgate::test::throws<Error>([&] { (void)(expression); }, words, #expression, __FILE__, __LINE__)
