// expect: window(...).aggregate(name, initial, add, merge, finish): finish must take (const Key&,
// expect: const weir::Window&, const Accumulator&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, double later) { sum += later; },
      [](const std::string&, double sum) { return sum; });
}
