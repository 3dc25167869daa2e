// expect: filter(name, f): f must take (const T&) and return bool, T being this stream's record
// expect: type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().filter("large", [](double amount) { return amount > 100; });
}
