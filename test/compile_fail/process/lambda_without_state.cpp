// expect: function for call to
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().process("seen", [](const Payment&, weir::Emit<Alert>&) {});
}
