// expect: aggregate(name, initial, add, finish): the result of finish has no weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](const std::string&, double) { return Handle{}; });
}
