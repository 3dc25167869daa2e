// expect: aggregate(name, initial, add, finish): the accumulator has no weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().aggregate(
      "sum", Handle{}, [](Handle&, const Payment&) {},
      [](const std::string&, const Handle&) { return 0; });
}
