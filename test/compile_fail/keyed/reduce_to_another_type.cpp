// expect: reduce(name, f): f must take (const T&, const T&) and return a T, T being this stream's
// expect: record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().reduce(
      "sum", [](const Payment& a, const Payment& b) { return a.amount + b.amount; });
}
