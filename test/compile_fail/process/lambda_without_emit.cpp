// expect: process(name, states..., f): f must name its parameter types and end with
// expect: weir::Emit<R>&, R having a weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().process("seen", weir::value_state<int>("count"),
                                [](const Payment&, weir::ValueState<int>&) {});
}
