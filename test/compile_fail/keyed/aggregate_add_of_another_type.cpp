// expect: aggregate(name, initial, add, finish): add must take (Accumulator&, const T&), T being
// expect: this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().aggregate(
      "sum", 0.0, [](double& sum, double amount) { sum += amount; },
      [](const std::string&, double sum) { return sum; });
}
