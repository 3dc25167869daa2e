// expect: window_all(...).aggregate(name, initial, add, merge, finish): finish must
#include "test/compile_fail/prelude.hpp"

void use() {
  all_windows().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, double later) { sum += later; },
      [](const std::string&, const weir::Window&, double sum) { return sum; });
}
