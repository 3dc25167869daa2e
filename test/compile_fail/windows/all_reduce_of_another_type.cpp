// expect: window_all(...).reduce(name, f): f must take (const T&, const T&) and return
#include "test/compile_fail/prelude.hpp"

void use() {
  all_windows().reduce("sum", [](const Alert& a, const Alert&) { return a; });
}
