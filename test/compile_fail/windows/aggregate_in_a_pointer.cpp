// expect: window(...).aggregate(name, initial, add, merge, finish): the accumulator has no
// expect: weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().aggregate(
      "sum", Handle{}, [](Handle&, const Payment&) {}, [](Handle&, const Handle&) {},
      [](const std::string&, const weir::Window&, const Handle&) { return 0; });
}
