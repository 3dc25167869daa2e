// expect: window(...).aggregate(name, initial, add, merge, finish): the result of finish has no
// expect: weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, double later) { sum += later; },
      [](const std::string&, const weir::Window&, double) { return Handle{}; });
}
