// expect: aggregate(name, initial, add, finish): finish must take (const Key&, const Accumulator&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double sum) { return sum; });
}
