// expect: process(name, states..., f): state belongs to keys, and this stream has none; put
// expect: key_by(...) before it
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().process(
      "seen", weir::value_state<int>("count"),
      [](const Payment& p, weir::ValueState<int>&, weir::Emit<Payment>& out) { out(p); });
}
