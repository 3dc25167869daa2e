// expect: window(...).aggregate(name, initial, add, merge, finish): merge must take (Accumulator&,
// expect: const Accumulator&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, const Payment& p) { sum += p.amount; },
      [](const std::string&, const weir::Window&, double sum) { return sum; });
}
