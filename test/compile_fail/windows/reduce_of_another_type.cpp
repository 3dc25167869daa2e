// expect: window(...).reduce(name, f): f must take (const T&, const T&) and return a T, T being the
// expect: stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().reduce("sum", [](double a, double b) { return a + b; });
}
