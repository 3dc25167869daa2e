// expect: window(...).late(name, sink): windows without an end are never late
#include "test/compile_fail/prelude.hpp"

void misuse(const weir::Sink<Payment>& sink) {
  payments_by_account().window(weir::global()).late("late", sink);
}
