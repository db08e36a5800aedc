// Runs the registered tests: all of them, or those whose name holds one of the arguments; an argument -WORD leaves
// out those whose name holds WORD, and --list names them all.
#include <cstdio>

#include "check.h"

namespace {

using foldgate::test::Test;

bool chosen(const Test& test, int argc, char** argv) {
  bool asked = false, named = false;
  for (int i = 1; i < argc; ++i) {
    const bool leave_out = argv[i][0] == '-';
    const bool found = std::strstr(test.name, argv[i] + leave_out) != nullptr;
    if (leave_out && found) return false;
    named |= !leave_out;
    asked |= !leave_out && found;
  }
  return asked || !named;
}

bool passes(const Test& test) {
  foldgate::test::failures = 0;
  try {
    test.body();
  } catch (const std::exception& error) {
    foldgate::test::record(false, test.name, 0, std::string("uncaught: ") + error.what());
  }
  return foldgate::test::failures == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Test& test : foldgate::test::registry()) std::printf("%s\n", test.name);
    return 0;
  }
  int passed = 0, failed = 0;
  for (const Test& test : foldgate::test::registry()) {
    if (!chosen(test, argc, argv)) continue;
    const bool ok = passes(test);
    std::printf("%s %s\n", ok ? "ok  " : "FAIL", test.name);
    std::fflush(stdout);
    ++(ok ? passed : failed);
  }
  std::printf("%d checks\n%d passed, %d failed\n", foldgate::test::checks, passed, failed);
  return failed > 0 || passed == 0 ? 1 : 0;
}
