// expect: process(name, states..., f): f must take (const T&, State&..., weir::Emit<R>&), T being
// expect: this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().process("seen", weir::value_state<int>("count"),
                                [](const Payment&, weir::ListState<int>&, weir::Emit<Alert>&) {});
}
