// expect: window(...).aggregate(name, initial, add, merge, finish): add must take (Accumulator&,
// expect: const T&), T being the stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().aggregate(
      "sum", 0.0, [](double& sum, double amount) { sum += amount; },
      [](double& sum, double later) { sum += later; },
      [](const std::string&, const weir::Window&, double sum) { return sum; });
}
